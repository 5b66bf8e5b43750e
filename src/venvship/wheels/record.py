"""The RECORD file of an installed or built distribution: which files there are, with hashes and sizes."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass


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


def format_record(rows: Iterable[RecordRow]) -> bytes:
    """Write rows sorted by path, as `parse_record` reads them."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for row in sorted(rows, key=lambda row: row.path):
        hashed = f"{row.algorithm}={_base64(row.digest)}" if row.algorithm and row.digest is not None else ""
        writer.writerow([row.path, hashed, "" if row.size is None else row.size])
    return text.getvalue().encode()


def _base64(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


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
        digest = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if not equals or not digest:
        raise MalformedRecord(f"line {number} has the malformed hash `{hashed[:80]}`")
    return RecordRow(path, algorithm, digest, int(size) if size else None)
