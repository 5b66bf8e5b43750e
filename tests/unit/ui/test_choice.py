from __future__ import annotations

import io

import pytest

from venvship.ui.choice import DisplayChoice, choose_display, open_display
from venvship.ui.messages import size
from venvship.ui.plain import PlainLog

TERMINAL = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("is_terminal", "environment", "flags", "colour", "live"),
    [
        (True, TERMINAL, {}, True, True),
        (False, TERMINAL, {}, False, False),
        (True, {"TERM": "dumb"}, {}, False, False),
        (True, {}, {}, False, False),
        (True, {**TERMINAL, "NO_COLOR": "1"}, {}, False, True),
        (True, {**TERMINAL, "NO_COLOR": ""}, {}, True, True),
        (True, {**TERMINAL, "NO_COLOR": "1"}, {"color": "yes"}, True, True),
        (True, TERMINAL, {"color": "no"}, False, True),
        (True, TERMINAL, {"curses": "no"}, True, False),
        (False, TERMINAL, {"color": "yes"}, True, False),
        (False, {}, {"curses": "yes"}, False, True),
    ],
)
def test_the_display_suits_stream_and_wishes(
    is_terminal: bool, environment: dict[str, str], flags: dict[str, str], colour: bool, live: bool
) -> None:
    choice = choose_display(is_terminal=is_terminal, environment=environment, **flags)
    assert choice == DisplayChoice(colour, live)


def test_without_progress_there_is_nothing_to_draw() -> None:
    assert isinstance(open_display(io.StringIO(), DisplayChoice(True, True), progress=False), PlainLog)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"), (2 * 10**12, "2.0 TB")],
)
def test_sizes_are_short(count: int, text: str) -> None:
    assert size(count) == text
