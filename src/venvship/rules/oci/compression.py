"""How layers and archives are compressed.

The compressor is part of every request that writes one, because the bytes depend on it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Final, Self

from venvship.dataclass import dataclass
from venvship.errors import UserError

GZIP_COMPRESSOR: Final = "isal" if importlib.util.find_spec("isal") is not None else "zlib"

_LEVELS: Final = {"gzip": (1, 9), "zstd": (1, 22), "none": (0, 0)}


class UnknownCompression(UserError):
    """A compression that layers can't have."""


@dataclass(frozen=True, slots=True)
class Compression:
    """An algorithm and a level; None leaves the level to the fastest compressor there is."""

    algorithm: str = "gzip"
    level: int | None = None

    @property
    def compressor(self) -> str:
        """A level asks for zlib: its numbers mean what `gzip -6` means."""
        return GZIP_COMPRESSOR if self.level is None else "zlib"

    @property
    def suffix(self) -> str:
        return {"gzip": ".tar.gz", "zstd": ".tar.zst", "none": ".tar"}[self.algorithm]

    @classmethod
    def parse(cls, words: Sequence[str]) -> Self:
        """Read `["gzip", "6"]` or `["zstd"]`; raises UnknownCompression."""
        algorithm, *level = words or ("",)
        if algorithm not in _LEVELS or len(level) > 1:
            raise UnknownCompression(
                f"{list(words)} is no compression",
                hint=f'write `["gzip", "6"]`; known are {", ".join(sorted(_LEVELS))}',
            )
        if not level:
            return cls(algorithm)
        low, high = _LEVELS[algorithm]
        if not level[0].isascii() or not level[0].isdigit() or not low <= int(level[0]) <= high:
            raise UnknownCompression(f"level `{level[0]}` of {algorithm} is not one of {low} to {high}")
        return cls(algorithm, int(level[0]))


DEFAULT: Final = Compression()
