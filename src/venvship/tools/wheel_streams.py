"""Deflate data inside a wheel file, found by what it unpacks to."""

from __future__ import annotations

import mmap
import struct
import zipfile
from typing import Any, NamedTuple

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED = 0x1


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
            self._map: Any = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
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
        self._map.close()
        self._file.close()

    def may_hold(self, name: str, size: int) -> bool:
        """Whether asking for the CRC-32 of a file is worth the time."""
        return (name, size) in self._sizes

    def find(self, name: str, size: int, crc: int) -> bytes | None:
        """The raw deflate data that unpacks to `size` bytes with this CRC-32, or None."""
        member = self._members.get((name, size, crc))
        if member is None:
            return None
        header = self._map[member.header_offset : member.header_offset + _LOCAL_HEADER.size]
        if len(header) < _LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
            return None
        fields = _LOCAL_HEADER.unpack(header)
        start = member.header_offset + _LOCAL_HEADER.size + fields[9] + fields[10]
        data: bytes = self._map[start : start + member.compressed_size]
        return data if len(data) == member.compressed_size else None
