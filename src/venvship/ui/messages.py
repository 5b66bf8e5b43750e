"""How messages to the user begin, with and without colour."""

from __future__ import annotations

from venvship.events.build_events import Severity

_COLOURS = {
    Severity.DEBUG: "\033[33m",
    Severity.INFO: "\033[32m",
    Severity.WARNING: "\033[35m",
    Severity.ERROR: "\033[31m\033[1m",
}
_RESET = "\033[0m"


def message(severity: Severity, text: str, *, colour: bool = False) -> str:
    """`ERROR: text`; the word is coloured, the text never."""
    word = f"{severity.value}:"
    return f"{_COLOURS[severity]}{word}{_RESET} {text}" if colour else f"{word} {text}"


def good(text: str, *, colour: bool) -> str:
    return f"\033[32m{text}{_RESET}" if colour else text


def bad(text: str, *, colour: bool) -> str:
    return f"\033[31m\033[1m{text}{_RESET}" if colour else text


def seconds(value: float) -> str:
    """
    >>> seconds(0.123), seconds(75.04)
    ('0.1s', '75.0s')
    """
    return f"{max(value, 0):.1f}s"


def size(count: int) -> str:
    """A number of bytes, short.

    >>> size(999), size(1_500), size(308_000_000), size(1_600_000_000)
    ('999 B', '1.5 kB', '308.0 MB', '1.6 GB')
    """
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"
