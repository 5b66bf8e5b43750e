"""The RECORD file of an installed or built distribution: which files there are, with hashes and sizes."""

from __future__ import annotations

import binascii
import csv
import io
from typing import Final

from venvship.dataclass import dataclass

_PLAIN_BASE64: Final = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True, order=True)
class RecordRow:
    """One file; RECORD itself and its signatures have neither hash nor size."""

    path: str
    algorithm: str | None = None
    digest: bytes | None = None
    size: int | None = None


class MalformedRecord(ValueError):
    """Text that is not a RECORD file."""


def parse_record(data: bytes) -> tuple[RecordRow, ...]:
    """Read a RECORD file in its own order; raises MalformedRecord."""
    try:
        lines = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise MalformedRecord(f"it is not readable: {error}") from None
    return tuple(_row(number, fields) for number, fields in enumerate(lines, 1) if fields)


def _row(number: int, fields: list[str]) -> RecordRow:
    if len(fields) != 3 or not fields[0]:
        raise MalformedRecord(f"line {number} does not have the three fields path, hash and size")
    path, hashed, size = fields
    if size and not (size.isascii() and size.isdigit() and len(size) < 19):
        raise MalformedRecord(f"line {number} has the malformed size `{size[:40]}`")
    if not hashed:
        return RecordRow(path, None, None, int(size) if size else None)
    algorithm, equals, encoded = hashed.partition("=")
    try:
        digest = binascii.a2b_base64(encoded.translate(_PLAIN_BASE64) + "=" * (-len(encoded) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        digest = b""
    if not equals or not digest:
        raise MalformedRecord(f"line {number} has the malformed hash `{hashed[:80]}`")
    return RecordRow(path, algorithm, digest, int(size) if size else None)
