"""Versions of modules, ordered as registries order them.

A version is a release of identifiers between dots, perhaps a prerelease after `-`, and build metadata after `+`, which
does not count. The empty version is what overridden modules have: it is higher than every other one.
"""

from __future__ import annotations

import functools
import re
from typing import Self

from venvship.dataclass import dataclass

_VERSION = re.compile(r"([A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*)(?:-([A-Za-z0-9.-]+))?(?:\+[A-Za-z0-9.-]+)?\Z", re.ASCII)
_LONGEST = 255

_Identifier = tuple[int, int, str]


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class ModuleVersion:
    """The version of a module.

    >>> ModuleVersion.parse("1.10") > ModuleVersion.parse("1.9.9") > ModuleVersion.parse("1.9.9-rc1")
    True
    """

    text: str
    release: tuple[_Identifier, ...]
    prerelease: tuple[_Identifier, ...]

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModuleVersion) and self._order == other._order

    def __hash__(self) -> int:
        return hash(self._order)

    def __lt__(self, other: ModuleVersion) -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[bool, tuple[_Identifier, ...], bool, tuple[_Identifier, ...]]:
        return (not self.text, self.release, not self.prerelease, self.prerelease)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError."""
        if not text:
            return cls("", (), ())
        match = _VERSION.match(text)
        if match is None or len(text) > _LONGEST:
            raise ValueError(f"`{text}` is not a version of a module")
        return cls(text, _identifiers(match[1]), _identifiers(match[2] or ""))


def _identifiers(text: str) -> tuple[_Identifier, ...]:
    # Numbers come before words.
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in text.split(".") if part)
