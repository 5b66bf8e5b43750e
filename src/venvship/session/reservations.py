"""What builds from source reserve of this machine, so that not more run at once than it can bear."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from venvship.dataclass import dataclass

_MEGABYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Resources:
    """Processors, and memory in bytes."""

    processors: int
    memory: int


# What an action is taken to need of which nothing is said.
_USUAL: Final = Resources(1, 250 * _MEGABYTE)
RESOURCE_SETS: Final[Mapping[str, Resources]] = {
    "cpu_2": Resources(2, _USUAL.memory),
    "cpu_4": Resources(4, _USUAL.memory),
    "default": _USUAL,
    "mem_512m": Resources(1, 512 * _MEGABYTE),
    **{f"mem_{size}g": Resources(1, size * 1024 * _MEGABYTE) for size in (1, 2, 4, 8, 16, 32)},
}
"""What `resource_set` may be."""


def needed(names: Iterable[str]) -> Resources:
    """The most that any of these sets asks for."""
    every = [_USUAL, *(RESOURCE_SETS[name] for name in names if name)]
    return Resources(max(one.processors for one in every), max(one.memory for one in every))


class Reservations:
    """Lets a build begin when what it needs is free; one that needs more than there is runs alone."""

    def __init__(self, machine: Resources) -> None:
        self._machine = machine
        self._changed = threading.Condition()
        self._taken: list[Resources] = []

    @contextlib.contextmanager
    def reserved(self, resources: Resources) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._fits(resources))
            self._taken.append(resources)
        try:
            yield
        finally:
            with self._changed:
                self._taken.remove(resources)
                self._changed.notify_all()

    def _fits(self, resources: Resources) -> bool:
        processors = sum(one.processors for one in self._taken) + resources.processors
        memory = sum(one.memory for one in self._taken) + resources.memory
        return not self._taken or (processors <= self._machine.processors and memory <= self._machine.memory)
