"""What threads hand to the thread that started them."""

from __future__ import annotations

import queue
from typing import Generic, TypeVar

_T = TypeVar("_T")

_LOOK_AROUND_SECONDS = 0.25


class Arrivals(Generic[_T]):
    """Handed over from any thread, taken by one, in the order in which they arrive."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[_T] = queue.SimpleQueue()

    @property
    def is_empty(self) -> bool:
        return self._queue.empty()

    def put(self, one: _T) -> None:
        self._queue.put(one)

    def take(self) -> _T:
        """The next one, waiting for it; Ctrl-C ends the wait."""
        while True:
            try:
                # Not without an end: a signal that comes between the interpreter's last look for signals and its
                # going to sleep is seen when it wakes, and other threads like to run just in between.
                return self._queue.get(timeout=_LOOK_AROUND_SECONDS)
            except queue.Empty:
                continue
