"""What threads hand to the thread that started them, which notices Ctrl-C while it waits.

No wait is without an end: a signal that comes between the interpreter's last look for signals and its going to sleep is
seen when it wakes, and other threads like to run just in between.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

_One = TypeVar("_One")
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
        """The next one, waiting for it."""
        while True:
            try:
                return self._queue.get(timeout=_LOOK_AROUND_SECONDS)
            except queue.Empty:
                continue


def awaited(future: Future[_T]) -> _T:
    """What a thread answers or raises, waiting for it."""
    while not future.done():
        wait([future], _LOOK_AROUND_SECONDS)
    return future.result()


def results(pool: ThreadPoolExecutor, function: Callable[[_One], _T], arguments: Iterable[_One]) -> list[_T]:
    """What `function` answers for each argument, in order. When one raises, those that have not begun never do."""
    futures = [pool.submit(function, argument) for argument in arguments]
    try:
        return [awaited(future) for future in futures]
    finally:
        for future in futures:
            future.cancel()
