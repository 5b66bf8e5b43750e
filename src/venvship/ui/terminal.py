"""Events on a terminal: lines that stay, and below them what is going on right now."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from venvship.events.build_events import (
    ActionFinished,
    ActionStarted,
    Event,
    Message,
    PhaseProgress,
    PhaseStarted,
    TestFinished,
    TransferFailed,
    TransferFinished,
    TransferProgress,
    TransferStarted,
)
from venvship.ui.display import TextOutput
from venvship.ui.messages import message, size
from venvship.ui.sentences import action_output, failed_test, phase_title, progress_line

_ACTIONS_SHOWN = 8
_TRANSFERS_SHOWN = 8
_FRAMES_PER_SECOND = 8


class LiveTerminal:
    """Draws a few times a second from what events have told; lines are printed above the drawing at once."""

    def __init__(self, stream: TextOutput, *, colour: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._colour = colour
        self._clock = clock
        # The drawing thread of rich holds its own lock while it asks for the drawing. So `_state` is never held
        # while something is printed, and `_output` is never asked for while something is drawn.
        self._state = threading.Lock()
        self._output = threading.RLock()
        self._phase = ""
        self._progress: PhaseProgress | None = None
        self._actions: dict[tuple[str, str], float] = {}
        self._transfers: dict[str, tuple[int, int | None]] = {}
        self._console = Console(
            file=cast(IO[str], stream), force_terminal=True, no_color=not colour, highlight=False, soft_wrap=False
        )
        self._live: Live | None = None
        self._start()

    def emit(self, event: Event) -> None:
        with self._state:
            line = self._take(event)
        if line is not None:
            with self._output:
                self._print(line)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        with self._output:
            self._stop()
            try:
                yield
            finally:
                self._start()

    def close(self) -> None:
        with self._output:
            self._stop()
            self._stream.flush()

    def _take(self, event: Event) -> str | None:
        """Remember what to draw; the result is a line that stays."""
        match event:
            case Message(severity, text):
                return message(severity, text, colour=self._colour)
            case PhaseStarted(phase, total):
                self._phase = phase
                self._progress = None if total is None else PhaseProgress(0, total)
            case PhaseProgress():
                self._progress = event
            case ActionStarted(mnemonic, description):
                self._actions[mnemonic, description] = self._clock()
            case ActionFinished(mnemonic, description):
                self._actions.pop((mnemonic, description), None)
                return action_output(event, colour=self._colour)
            case TransferStarted(name, size_bytes):
                self._transfers[name] = (0, size_bytes)
            case TransferProgress(name, done_bytes):
                self._transfers[name] = (done_bytes, self._transfers.get(name, (0, None))[1])
            case TransferFinished(name, done_bytes):
                self._transfers.pop(name, None)
                return f"Fetched {name} ({size(done_bytes)})"
            case TransferFailed(name):
                self._transfers.pop(name, None)
            case TestFinished():
                return failed_test(event, colour=self._colour)
        return None

    def _print(self, line: str) -> None:
        if self._live is None:
            self._stream.write(line + "\n")
        else:
            self._console.print(Text.from_ansi(line), soft_wrap=True)

    def _start(self) -> None:
        if self._live is None:
            self._live = Live(
                get_renderable=self._draw,
                console=self._console,
                transient=True,
                refresh_per_second=_FRAMES_PER_SECOND,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self) -> RenderableType:
        with self._state:
            return Group(*self._rows())

    def _rows(self) -> Iterator[RenderableType]:
        if self._phase:
            line = phase_title(self._phase)
            if self._progress is not None:
                line = progress_line(self._phase, self._progress)
            yield _one_line(line, "bold")
        now = self._clock()
        actions = sorted(self._actions.items(), key=lambda item: item[1])
        for (mnemonic, description), started in actions[:_ACTIONS_SHOWN]:
            yield _one_line(f"    {description or mnemonic}; {int(max(now - started, 0))}s")
        if len(actions) > _ACTIONS_SHOWN:
            yield _one_line(f"    and {len(actions) - _ACTIONS_SHOWN} more", "dim")
        if self._transfers:
            yield self._transfer_table()

    def _transfer_table(self) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(width=20)
        table.add_column(justify="right", no_wrap=True)
        for name, (done, total) in list(self._transfers.items())[:_TRANSFERS_SHOWN]:
            bar: RenderableType = "" if not total else ProgressBar(total=total, completed=min(done, total), width=20)
            count = size(done) if total is None else f"{size(done)} of {size(total)}"
            table.add_row(Text(f"    {name}"), bar, Text(count))
        return table


def _one_line(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
