"""Which display suits a stream and the user's wishes."""

from __future__ import annotations

from collections.abc import Mapping

from venvship.dataclass import dataclass
from venvship.ui.display import Display, TextOutput


@dataclass(frozen=True, slots=True)
class DisplayChoice:
    colour: bool
    live: bool


def choose_display(
    *, is_terminal: bool, environment: Mapping[str, str], color: str = "auto", curses: str = "auto"
) -> DisplayChoice:
    """Colour and a live display by default on a terminal that can do both.

    `NO_COLOR` (not empty) takes colour away unless it is asked for with `yes`; so does a terminal called `dumb`,
    which has no cursor to move either.
    """
    able = is_terminal and environment.get("TERM", "") not in ("", "dumb")
    colour = color == "yes" or (color == "auto" and able and not environment.get("NO_COLOR"))
    return DisplayChoice(colour, curses == "yes" or (curses == "auto" and able))


def open_display(
    stream: TextOutput, choice: DisplayChoice, *, progress: bool = True, seconds_between_lines: float = 1.0
) -> Display:
    """The caller closes it."""
    if choice.live and progress:
        from venvship.ui.terminal import LiveTerminal

        return LiveTerminal(stream, colour=choice.colour)
    from venvship.ui.plain import PlainLog

    return PlainLog(stream, colour=choice.colour, progress=progress, seconds_between_lines=seconds_between_lines)
