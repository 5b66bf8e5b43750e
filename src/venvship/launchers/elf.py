"""Templates for Linux: the config is the last segment and the end of the file.

The kernel maps the segment with the rest of the program, so a launcher opens no file to read its config.
"""

from __future__ import annotations

import struct

_MAGIC = b"\x7fELF\x02\x01"
_HEADER_SIZE = 64
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_PT_LOAD = 1


class MalformedElf(ValueError):
    """Not an ELF file of the shape that the build of templates makes."""


def replace_last_segment(template: bytes, content: bytes) -> bytes:
    """The program whose last loaded segment, which ends the file, is `content`."""
    if not template.startswith(_MAGIC) or len(template) < _HEADER_SIZE:
        raise MalformedElf("it is no little-endian 64-bit ELF file")
    (table,) = struct.unpack_from("<Q", template, 32)
    entry_size, count = struct.unpack_from("<HH", template, 54)
    if entry_size != _PROGRAM_HEADER.size or table + count * entry_size > len(template):
        raise MalformedElf("its program headers are not where they should be")
    entries = [table + i * entry_size for i in range(count)]
    loaded = [at for at in entries if _PROGRAM_HEADER.unpack_from(template, at)[0] == _PT_LOAD]
    if not loaded:
        raise MalformedElf("it loads nothing")

    last = loaded[-1]
    kind, flags, offset, address, physical, file_size, _, align = _PROGRAM_HEADER.unpack_from(template, last)
    if offset + file_size != len(template):
        raise MalformedElf("its last segment does not end the file")
    image = bytearray(template[:offset])
    image += content
    _PROGRAM_HEADER.pack_into(image, last, kind, flags, offset, address, physical, len(content), len(content), align)
    return bytes(image)


def without_section_headers(program: bytes) -> bytes:
    """Cut off what follows the last loaded segment: only linkers and debuggers read it."""
    if not program.startswith(_MAGIC) or len(program) < _HEADER_SIZE:
        raise MalformedElf("it is no little-endian 64-bit ELF file")
    (table,) = struct.unpack_from("<Q", program, 32)
    (count,) = struct.unpack_from("<H", program, 56)
    ends = []
    for i in range(count):
        kind, _, offset, _, _, file_size, _, _ = _PROGRAM_HEADER.unpack_from(program, table + i * _PROGRAM_HEADER.size)
        if kind == _PT_LOAD:
            ends.append(offset + file_size)
    image = bytearray(program[: max(ends)])
    struct.pack_into("<Q", image, 40, 0)
    struct.pack_into("<HHH", image, 58, 0, 0, 0)
    return bytes(image)
