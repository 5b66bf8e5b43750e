"""Checksums of files that come from elsewhere, as `sha256` hexadecimals or subresource integrity texts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import Path
from typing import Self

from venvship.dataclass import dataclass
from venvship.errors import UserError

_SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{64}\Z")
_CHUNK = 1 << 20


class InvalidChecksum(UserError):
    """A text that should be a checksum is not one."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"`{text}` is not a checksum",
            hint="write 64 hexadecimal digits for `sha256`, or `sha256-`, `sha384-` or `sha512-` and the digest in "
            "base 64 for `integrity`",
        )


class WrongChecksum(UserError):
    """A file is not the one that was asked for."""

    def __init__(self, where: str, *, expected: str, got: str) -> None:
        super().__init__(
            f"`{where}` is not the file that was asked for:\n  expected {expected}\n  received {got}",
            hint="if the file was replaced on purpose, write down its new checksum; if not, do not use it",
        )


@dataclass(frozen=True, slots=True)
class Checksum:
    """A digest with its algorithm."""

    algorithm: str
    digest: bytes

    def __str__(self) -> str:
        return f"{self.algorithm}-{base64.b64encode(self.digest).decode()}"

    @property
    def hexadecimal(self) -> str:
        return self.digest.hex()

    @classmethod
    def of_sha256(cls, text: str) -> Self:
        if not _HEXADECIMAL.match(text):
            raise InvalidChecksum(text)
        return cls("sha256", bytes.fromhex(text))

    @classmethod
    def parse(cls, integrity: str) -> Self:
        """The strongest checksum of an integrity text; several stand apart by spaces."""
        found: list[Self] = []
        for one in integrity.split():
            algorithm, _, encoded = one.partition("?")[0].partition("-")
            try:
                digest = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                raise InvalidChecksum(integrity) from None
            if len(digest) != _SIZES.get(algorithm):
                raise InvalidChecksum(integrity)
            found.append(cls(algorithm, digest))
        if not found:
            raise InvalidChecksum(integrity)
        return max(found, key=lambda one: len(one.digest))

    @classmethod
    def of_file(cls, path: Path, algorithm: str = "sha256") -> Self:
        digest = hashlib.new(algorithm)
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return cls(algorithm, digest.digest())

    def check(self, path: Path, where: str) -> None:
        """Raises WrongChecksum."""
        got = Checksum.of_file(path, self.algorithm)
        if got != self:
            raise WrongChecksum(where, expected=str(self), got=str(got))


def wanted_checksum(sha256: str, integrity: str) -> Checksum | None:
    """The checksum that a rule gives in one way or the other, or not at all."""
    if integrity:
        return Checksum.parse(integrity)
    return Checksum.of_sha256(sha256) if sha256 else None
