"""Events as plain lines, for logs and for terminals that can't do more."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

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
from venvship.ui.sentences import action_output, failed_test, progress_line


class PlainLog:
    """Writes one line for each thing worth a line; of progress, one line at most every few seconds."""

    def __init__(
        self,
        stream: TextOutput,
        *,
        colour: bool = False,
        progress: bool = True,
        seconds_between_lines: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._colour = colour
        self._progress = progress
        self._pause = seconds_between_lines
        self._clock = clock
        self._lock = threading.RLock()
        self._phase = ""
        self._next_line_at = 0.0
        self._last_progress = ""

    def emit(self, event: Event) -> None:
        match event:
            case Message(severity, text):
                self._write(message(severity, text, colour=self._colour))
            case PhaseStarted(phase):
                self._phase = phase
            case PhaseProgress():
                self._show_progress(event)
            case TransferFinished(name, done_bytes) if self._progress:
                self._write(f"Fetched {name} ({size(done_bytes)})")
            case ActionFinished():
                self._write(action_output(event, colour=self._colour))
            case TestFinished():
                self._write(failed_test(event, colour=self._colour))
            case TransferStarted() | TransferProgress() | TransferFinished() | TransferFailed() | ActionStarted():
                pass

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        with self._lock:
            yield

    def close(self) -> None:
        self._stream.flush()

    def _show_progress(self, progress: PhaseProgress) -> None:
        if not self._progress:
            return
        with self._lock:
            now = self._clock()
            line = progress_line(self._phase, progress)
            if now < self._next_line_at or line == self._last_progress:
                return
            self._next_line_at = now + self._pause
            self._last_progress = line
            self._write(line)

    def _write(self, line: str | None) -> None:
        if line is None:
            return
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()
