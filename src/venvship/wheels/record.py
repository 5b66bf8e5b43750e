"""The RECORD file of an installed or built distribution: which files there are, with hashes and sizes."""

from __future__ import annotations

import binascii
import csv
import io
from collections.abc import Iterator
from typing import Final

from venvship.dataclass import dataclass

_PLAIN_BASE64: Final = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
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
    return tuple(_row(number, *fields) for number, fields in _lines(data))


def recorded_paths(data: bytes) -> dict[str, bool]:
    """The paths of a RECORD file, and whether each has a hash. What hashes and sizes say is not looked at."""
    return {path: bool(hashed) for _, (path, hashed, _) in _lines(data)}


def _lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty, of three fields each, with their numbers."""
    try:
        lines = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise MalformedRecord(f"it is not readable: {error}") from None
    for number, fields in enumerate(lines, 1):
        if not fields:
            continue
        if len(fields) != 3 or not fields[0]:
            raise MalformedRecord(f"line {number} does not have the three fields path, hash and size")
        yield number, fields


def _row(number: int, path: str, hashed: str, size: str) -> RecordRow:
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
