"""Leaves symbol tables and debug information out of ELF files, which make up most of an interpreter's size.

Only what lies behind the last byte that the loader maps is dropped, and the headers of mapped sections are kept:
debuggers and profilers find `.PyRuntime`, the dynamic symbols and the unwind tables by them. Dynamic symbols name
sections by number, so nothing is dropped where numbers would change. What is not laid out as linkers do is returned
as it is.
"""

from __future__ import annotations

import struct
from typing import Final

from venvship.archives.elf import MAGIC

_HEADER: Final = struct.Struct("<HHIQQQIHHHHHH")
_PROGRAM: Final = struct.Struct("<IIQQQQQQ")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_IDENT_SIZE = 16
_ALLOC = 0x2
_NULL, _STRTAB, _NOBITS = 0, 3, 8
_MAX_SECTIONS = 0xFF00


def stripped(data: bytes) -> bytes:
    """`data` without what is not mapped at run time, when it is a 64-bit little-endian ELF file."""
    if len(data) < _IDENT_SIZE + _HEADER.size or data[:4] != MAGIC or data[4:6] != b"\x02\x01":
        return data
    header = list(_HEADER.unpack_from(data, _IDENT_SIZE))
    program_offset, section_offset = header[4], header[5]
    program_size, programs, section_size, sections, names_index = header[8:13]
    end_of_table = section_offset + sections * section_size
    if section_size != _SECTION.size or program_size != _PROGRAM.size or not 0 < sections < _MAX_SECTIONS:
        return data
    if end_of_table > len(data) or program_offset + programs * program_size > len(data) or names_index >= sections:
        return data
    rows = [_SECTION.unpack_from(data, section_offset + index * section_size) for index in range(sections)]
    kept = [row for row in rows if row[1] == _NULL or row[2] & _ALLOC]
    if kept != rows[: len(kept)] or len(kept) == len(rows):
        return data
    segments = [_PROGRAM.unpack_from(data, program_offset + index * program_size) for index in range(programs)]
    end = max(
        [_IDENT_SIZE + _HEADER.size, program_offset + programs * program_size]
        + [segment[2] + segment[5] for segment in segments]
        + [row[4] + row[5] for row in kept if row[1] != _NOBITS],
    )
    if end > len(data) or any(row[6] >= len(kept) for row in kept):
        return data
    names = bytearray(b"\0")
    table = bytearray()
    for row in kept:
        name = _string(data, rows[names_index], row[0])
        if name is None:
            return data
        table += _SECTION.pack(_add(names, name), *row[1:])
    own_name = _add(names, b".shstrtab")
    start_of_names = end
    start_of_table = -(-(end + len(names)) // 8) * 8
    table += _SECTION.pack(own_name, _STRTAB, 0, 0, start_of_names, len(names), 0, 0, 1, 0)
    if start_of_table + len(table) >= len(data):
        return data
    header[5], header[11], header[12] = start_of_table, len(kept) + 1, len(kept)
    body = data[:_IDENT_SIZE] + _HEADER.pack(*header) + data[_IDENT_SIZE + _HEADER.size : end]
    return body + bytes(names).ljust(start_of_table - end, b"\0") + bytes(table)


def _add(names: bytearray, name: bytes) -> int:
    if not name:
        return 0
    at = len(names)
    names += name + b"\0"
    return at


def _string(data: bytes, table: tuple[int, ...], offset: int) -> bytes | None:
    if offset >= table[5] or table[4] + table[5] > len(data):
        return None
    start = table[4] + offset
    end = data.find(b"\0", start, table[4] + table[5])
    return data[start:end] if end >= 0 else None
