"""Deflate data inside a wheel file, found by what it unpacks to."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED = 0x1
_PIECE = 1 << 20


class ShortWheel(ValueError):
    """A wheel got shorter while it was read."""

    user_error = True

    def __init__(self, path: str) -> None:
        super().__init__(f"`{path}` got shorter while it was read")


class _Member(NamedTuple):
    header_offset: int
    compressed_size: int


class WheelStreams:
    """The deflated members of one wheel; use as a context.

    Members are found by base name, size and CRC-32, not by path: an installed file may lie elsewhere than in the
    wheel, and a patched one has no member.
    """

    def __init__(self, wheel: str, *, threshold: int) -> None:
        self._file = open(wheel, "rb")  # noqa: SIM115
        self._members: dict[tuple[str, int, int], _Member] = {}
        self._sizes: set[tuple[str, int]] = set()
        try:
            with zipfile.ZipFile(self._file) as archive:
                for info in archive.infolist():
                    if info.compress_type != zipfile.ZIP_DEFLATED or info.flag_bits & _ENCRYPTED:
                        continue
                    if info.compress_size >= threshold:
                        name = info.filename.rpartition("/")[2]
                        key = (name, info.file_size, info.CRC)
                        self._members[key] = _Member(info.header_offset, info.compress_size)
                        self._sizes.add((name, info.file_size))
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> WheelStreams:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def may_hold(self, name: str, size: int) -> bool:
        """Whether asking for the CRC-32 of a file is worth the time."""
        return (name, size) in self._sizes

    def find(self, name: str, size: int, crc: int) -> Iterator[bytes] | None:
        """The raw deflate data that unpacks to `size` bytes with this CRC-32, in pieces, or None."""
        member = self._members.get((name, size, crc))
        if member is None:
            return None
        header = os.pread(self._file.fileno(), _LOCAL_HEADER.size, member.header_offset)
        if len(header) < _LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
            return None
        fields = _LOCAL_HEADER.unpack(header)
        start = member.header_offset + _LOCAL_HEADER.size + fields[9] + fields[10]
        end = start + member.compressed_size
        return self._pieces(start, end) if end <= os.fstat(self._file.fileno()).st_size else None

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            data = os.pread(self._file.fileno(), min(_PIECE, end - start), start)
            if not data:
                raise ShortWheel(self._file.name)
            start += len(data)
            yield data
