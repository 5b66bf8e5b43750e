"""Reads the load commands of Mach-O files (`mach-o/loader.h`) that tell where libraries are searched."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from venvship.wheels.archive import RandomAccess
from venvship.wheels.library import LibraryFacts

MAGICS: Final = frozenset(
    {b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"}
)

_FAT: Final = b"\xca\xfe\xba\xbe"
_LC_LOAD_DYLIB, _LC_LOAD_WEAK_DYLIB, _LC_RPATH, _LC_REEXPORT_DYLIB = 0xC, 0x80000018, 0x8000001C, 0x8000001F
_MAX_SLICES: Final = 16
_MAX_COMMANDS: Final = 1 << 20


def read_macho(source: RandomAccess, *, path: str) -> LibraryFacts | None:
    """The facts of a Mach-O file, of all its slices together; None when it is not one or is damaged."""
    try:
        commands = [command for start in _slices(source) for command in _commands(source, start)]
    except struct.error:
        return None
    if not commands:
        return None
    needed = sorted({text for kind, text in commands if kind != _LC_RPATH})
    search = sorted({text for kind, text in commands if kind == _LC_RPATH})
    origins = [rest for text in search if (rest := _below_loader(text)) is not None]
    # A library may be named by where it lies instead of by a search path.
    origins += [rest.rpartition("/")[0] for text in needed if (rest := _below_loader(text)) is not None]
    return LibraryFacts.of(path, needed=needed, search=search, origins=origins)


def _below_loader(text: str) -> str | None:
    if text == "@loader_path" or text.startswith("@loader_path/"):
        return text.removeprefix("@loader_path")
    return None


def _slices(source: RandomAccess) -> Iterator[int]:
    magic = source.read_at(0, 4)
    if magic not in MAGICS:
        return
    if magic != _FAT:
        yield 0
        return
    (count,) = struct.unpack(">I", source.read_at(4, 4))
    # Class files of Java begin with the same bytes; the next ones say that there are dozens of "slices".
    if count > _MAX_SLICES:
        return
    for position in range(count):
        yield struct.unpack(">5I", source.read_at(8 + 20 * position, 20))[2]


def _commands(source: RandomAccess, start: int) -> Iterator[tuple[int, str]]:
    magic = source.read_at(start, 4)
    if magic not in MAGICS or magic == _FAT:
        return
    order = "<" if magic[0] in (0xCE, 0xCF) else ">"
    header_size = 32 if 0xCF in (magic[0], magic[3]) else 28
    count, size = struct.unpack(order + "2I", source.read_at(start + 16, 8))
    data = source.read_at(start + header_size, min(size, _MAX_COMMANDS))
    position = 0
    for _ in range(count):
        if position + 12 > len(data):
            return
        kind, length, text_offset = struct.unpack_from(order + "3I", data, position)
        if length < 8:
            return
        if kind in (_LC_LOAD_DYLIB, _LC_LOAD_WEAK_DYLIB, _LC_REEXPORT_DYLIB, _LC_RPATH):
            text = data[position + text_offset : position + length].partition(b"\0")[0]
            yield kind, text.decode("utf-8", "backslashreplace")
        position += length
