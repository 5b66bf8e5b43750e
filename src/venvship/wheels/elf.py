"""Reads the dynamic section of ELF files (System V ABI, chapters 4 and 5), and nothing else of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from venvship.wheels.archive import RandomAccess
from venvship.wheels.library import LibraryFacts

MAGIC: Final = b"\x7fELF"

_PT_LOAD: Final = 1
_PT_DYNAMIC: Final = 2
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 10, 15, 29
_MAX_PROGRAM_HEADERS: Final = 4096
_MAX_DYNAMIC: Final = 1 << 20
_MAX_STRING: Final = 1 << 16
_MAX_STRINGS: Final = 4096


def read_elf(source: RandomAccess, *, path: str) -> LibraryFacts | None:
    """The facts of an ELF file at `path`; None when it is not one, is damaged, or asks the loader for nothing.

    A damaged file is of no interest to us: no loader would load it either.
    """
    if source.read_at(0, 4) != MAGIC:
        return None
    try:
        return _Elf(source).facts(path)
    except (struct.error, IndexError, _Damaged):
        return None


class _Damaged(Exception):
    pass


class _Elf:
    def __init__(self, source: RandomAccess) -> None:
        self._source = source
        ident = source.read_at(0, 16)
        if ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise _Damaged
        self._wide = ident[4] == 2
        self._order = "<" if ident[5] == 1 else ">"

    def facts(self, path: str) -> LibraryFacts | None:
        entries = list(self._dynamic_entries())
        tables = dict(entries)
        if _DT_STRTAB not in tables:
            return None
        start = self._file_offset(tables[_DT_STRTAB])
        length = min(tables.get(_DT_STRSZ, 0), max(self._source.size - start, 0))
        # RPATH counts only where there is no RUNPATH (System V ABI, "Shared Object Dependencies").
        search_tag = _DT_RUNPATH if _DT_RUNPATH in tables else _DT_RPATH
        # From the first to the last: to go back in a compressed file is to begin anew.
        wanted = sorted({value for tag, value in entries if tag in (_DT_NEEDED, search_tag)})
        texts = {value: self._string(start, length, value) for value in wanted}
        needed = [texts[value] for tag, value in entries if tag == _DT_NEEDED]
        paths = [texts[value] for tag, value in entries if tag == search_tag]
        search = [entry for text in paths for entry in text.split(":") if entry]
        origins = [
            entry.removeprefix(variable)
            for entry in search
            for variable in ("$ORIGIN", "${ORIGIN}")
            if entry == variable or entry.startswith(variable + "/")
        ]
        return LibraryFacts.of(path, needed=needed, search=search, origins=origins)

    def _dynamic_entries(self) -> Iterator[tuple[int, int]]:
        self._loads: list[tuple[int, int, int]] = []
        dynamic: tuple[int, int] | None = None
        for kind, offset, address, size in self._program_headers():
            if kind == _PT_LOAD:
                self._loads.append((address, offset, size))
            elif kind == _PT_DYNAMIC:
                dynamic = offset, size
        if dynamic is None:
            return
        entry = struct.Struct(self._order + ("qQ" if self._wide else "iI"))
        data = self._source.read_at(dynamic[0], min(dynamic[1], _MAX_DYNAMIC))
        strings = 0
        for tag, value in entry.iter_unpack(data[: len(data) // entry.size * entry.size]):
            strings += tag == _DT_NEEDED
            if tag == _DT_NULL or strings > _MAX_STRINGS:
                return
            yield tag, value

    def _program_headers(self) -> Iterator[tuple[int, int, int, int]]:
        """Type, file offset, address and size in the file of each segment."""
        if self._wide:
            header = struct.Struct(self._order + "16sHHIQQQIHHH")
            segment = struct.Struct(self._order + "IIQQQQQQ")
        else:
            header = struct.Struct(self._order + "16sHHIIIIIHHH")
            segment = struct.Struct(self._order + "IIIIIIII")
        fields = header.unpack(self._source.read_at(0, header.size))
        table, entry_size, count = fields[5], fields[9], fields[10]
        if entry_size < segment.size or count > _MAX_PROGRAM_HEADERS:
            raise _Damaged
        data = self._source.read_at(table, entry_size * count)
        for position in range(0, len(data) - entry_size + 1, entry_size):
            values = segment.unpack_from(data, position)
            if self._wide:
                kind, _, offset, address, _, size, _, _ = values
            else:
                kind, offset, address, _, size, _, _, _ = values
            yield kind, offset, address, size

    def _file_offset(self, address: int) -> int:
        for start, offset, size in self._loads:
            if start <= address < start + size:
                return offset + address - start
        raise _Damaged

    def _string(self, start: int, length: int, index: int) -> str:
        if index >= length:
            raise _Damaged
        data = self._source.read_at(start + index, min(length - index, _MAX_STRING))
        text, zero, _ = data.partition(b"\0")
        if not zero:
            raise _Damaged
        return text.decode("utf-8", "backslashreplace")
