"""Content digests, as the Remote Execution API names blobs."""

from __future__ import annotations

import hashlib
from typing import Self

from venvship.dataclass import dataclass

_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """SHA-256 and size of a blob; cannot exist malformed."""

    sha256: str
    size_bytes: int

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or not _HEX.issuperset(self.sha256) or self.size_bytes < 0:
            raise ValueError(f"malformed digest {self.sha256!r}/{self.size_bytes}")

    def __str__(self) -> str:
        return f"{self.sha256}/{self.size_bytes}"

    @classmethod
    def of(cls, data: bytes) -> Self:
        return cls(hashlib.sha256(data).hexdigest(), len(data))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the form that `str` writes; raises ValueError for anything else."""
        sha256, slash, size = text.partition("/")
        if not slash or not size.isascii() or not size.isdigit():
            raise ValueError(f"malformed digest {text!r}")
        return cls(sha256, int(size))
