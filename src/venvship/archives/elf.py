"""Facts that the dynamic loader reads from an ELF file: what it needs, and where it looks for that.

Only program headers are read, as the loader does: section headers may be stripped or wrong. Files are hostile, so
every table has a size limit, every offset is checked against the file, and nothing is read that is not needed.
Terms are those of the System V ABI ("Dynamic Section", "Program Header").
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Protocol

from venvship.dataclass import dataclass
from venvship.errors import UserError

MAGIC = b"\x7fELF"

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 10, 14, 15, 29

_DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_VER_FLG_WEAK = 2
_DT_PLTRELSZ, _DT_SYMTAB, _DT_RELA, _DT_PLTREL, _DT_JMPREL = 2, 6, 7, 20, 23
_STB_GLOBAL, _STT_FUNC, _SHN_LORESERVE = 1, 2, 0xFF00

_MAX_PROGRAM_HEADERS = 1024
_MAX_VERSIONS = 4096
_MAX_DYNAMIC_BYTES = 1 << 20
_MAX_STRING = 64 << 10
_MAX_NAMES = 4096
_MAX_CALLS = 1 << 17
_MAX_OFFSET = 1 << 48

_JUMP_SLOTS = {"x86_64": 7, "aarch64": 1026}
"""The relocation of a slot that a call goes through (R_X86_64_JUMP_SLOT, R_AARCH64_JUMP_SLOT)."""

_MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv", 21: "ppc64", 22: "s390x"}


class MalformedElf(UserError):
    """A file begins as an ELF file does and then contradicts itself."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"malformed ELF file: {reason}")
        self.reason = reason


class RandomReader(Protocol):
    """Bytes at any offset; fewer than asked for at the end of the file."""

    def read_at(self, offset: int, size: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class NameString:
    """A string of the dynamic section and the place in the file where its bytes are."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class ElfFacts:
    """What the dynamic loader would learn; a static program or an object file has empty fields."""

    machine: str
    is_64: bool
    needed_strings: tuple[NameString, ...] = ()
    soname: str | None = None
    interpreter: str | None = None
    rpath_strings: tuple[NameString, ...] = ()
    runpath_strings: tuple[NameString, ...] = ()
    runpath_tags: tuple[int, ...] = ()
    """Where in the file the tags of the DT_RUNPATH entries are."""

    @property
    def needed(self) -> tuple[str, ...]:
        """Names (or paths) of DT_NEEDED, in order."""
        return tuple(string.text for string in self.needed_strings)

    @property
    def rpaths(self) -> tuple[str, ...]:
        """Directories of DT_RPATH, in order, as written."""
        return _directories(self.rpath_strings)

    @property
    def runpaths(self) -> tuple[str, ...]:
        """Directories of DT_RUNPATH, in order, as written."""
        return _directories(self.runpath_strings)


@dataclass(frozen=True, slots=True)
class SymbolVersions:
    """The versions of symbols (`GLIBC_2.36`) that a file needs, by library, and those that it has for others."""

    needed: Mapping[str, tuple[str, ...]]
    defined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnCall:
    """A slot through which a library calls a function that it has itself.

    `place` is where in the file the slot is; its 64 bits are those of the function's `address` once it is bound.
    """

    place: int
    address: int


def _directories(strings: tuple[NameString, ...]) -> tuple[str, ...]:
    return tuple(directory for string in strings for directory in string.text.split(":") if directory)


class _Memory:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read_at(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    file_size: int


def is_elf(head: bytes) -> bool:
    return head.startswith(MAGIC)


def read_elf(source: bytes | RandomReader) -> ElfFacts:
    """Read the facts of one ELF file; raises MalformedElf."""
    return _Elf(_Memory(source) if isinstance(source, bytes) else source).facts()


def read_symbol_versions(source: bytes | RandomReader) -> SymbolVersions:
    """Read the symbol versions of one ELF file; raises MalformedElf."""
    return _Elf(_Memory(source) if isinstance(source, bytes) else source).symbol_versions()


def read_own_calls(source: bytes | RandomReader) -> tuple[OwnCall, ...]:
    """Read which calls of a 64-bit library are of its own functions, by the order of their slots; raises MalformedElf.

    Weak functions and those that a resolver chooses are left out, and so is every machine but x86_64 and aarch64.
    """
    return _Elf(_Memory(source) if isinstance(source, bytes) else source).own_calls()


class _Elf:
    def __init__(self, source: RandomReader) -> None:
        self._source = source
        ident = self._read(0, 16)
        if not is_elf(ident):
            raise MalformedElf("no magic number")
        if ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise MalformedElf(f"unknown class {ident[4]} or byte order {ident[5]}")
        self._is_64 = ident[4] == 2
        self._order = "<" if ident[5] == 1 else ">"

    def facts(self) -> ElfFacts:
        machine, segments = self._program_headers()
        loads = [segment for segment in segments if segment.kind == _PT_LOAD]
        interpreter = None
        tags: list[tuple[int, int]] = []
        places: list[int] = []
        for segment in segments:
            if segment.kind == _PT_INTERP:
                interpreter = self._string(segment.offset, min(segment.file_size, _MAX_STRING))
            elif segment.kind == _PT_DYNAMIC:
                if tags:
                    raise MalformedElf("two dynamic segments")
                rows = list(self._dynamic(segment))
                tags = [(tag, value) for _, tag, value in rows]
                places = [place for place, tag, _ in rows if tag == _DT_RUNPATH]
        values = dict(tags)
        strings = {tag: value for tag, value in tags if tag in (_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH)}
        if not strings:
            return ElfFacts(machine, self._is_64, interpreter=interpreter)
        if _DT_STRTAB not in values or _DT_STRSZ not in values:
            raise MalformedElf("dynamic section without a string table")
        table, size = self._file_offset(loads, values[_DT_STRTAB]), values[_DT_STRSZ]

        def string(value: int) -> NameString:
            if value >= size:
                raise MalformedElf(f"string {value} outside of the string table of {size} bytes")
            return NameString(table + value, self._string(table + value, min(size - value, _MAX_STRING)))

        named = [(tag, string(value)) for tag, value in tags if tag in strings]
        if len(named) > _MAX_NAMES:
            raise MalformedElf(f"{len(named)} names in the dynamic section")
        return ElfFacts(
            machine,
            self._is_64,
            needed_strings=tuple(name for tag, name in named if tag == _DT_NEEDED),
            soname=next((name.text for tag, name in named if tag == _DT_SONAME), None),
            interpreter=interpreter,
            rpath_strings=tuple(name for tag, name in named if tag == _DT_RPATH),
            runpath_strings=tuple(name for tag, name in named if tag == _DT_RUNPATH),
            runpath_tags=tuple(places),
        )

    def symbol_versions(self) -> SymbolVersions:
        _, segments = self._program_headers()
        loads = [segment for segment in segments if segment.kind == _PT_LOAD]
        values = {tag: value for one in segments if one.kind == _PT_DYNAMIC for _, tag, value in self._dynamic(one)}
        if _DT_STRTAB not in values or not values.keys() & {_DT_VERDEF, _DT_VERNEED}:
            return SymbolVersions({})
        table = self._file_offset(loads, values[_DT_STRTAB])
        defined: list[str] = []
        needed: dict[str, list[str]] = {}
        total = 0
        for row in self._version_rows(loads, values, _DT_VERDEF, _DT_VERDEFNUM, "HHHHIII"):
            _, _, _, _, count, _, names, _ = row
            if count:
                name, _ = self._unpack("II", row[0] + names)
                defined.append(self._string(table + name, _MAX_STRING))
        for row in self._version_rows(loads, values, _DT_VERNEED, _DT_VERNEEDNUM, "HHIII"):
            _, _, count, library, first, _ = row
            total += count
            if total > _MAX_VERSIONS:
                raise MalformedElf(f"{total} symbol versions")
            rows = self._chain("IHHII", row[0] + first, count)
            places = [place for _, _, flags, _, place, _ in rows if not flags & _VER_FLG_WEAK]
            found = needed.setdefault(self._string(table + library, _MAX_STRING), [])
            found += [self._string(table + place, _MAX_STRING) for place in places]
        return SymbolVersions({library: tuple(names) for library, names in needed.items()}, tuple(defined))

    def own_calls(self) -> tuple[OwnCall, ...]:
        machine, segments = self._program_headers()
        loads = [segment for segment in segments if segment.kind == _PT_LOAD]
        values = {tag: value for one in segments if one.kind == _PT_DYNAMIC for _, tag, value in self._dynamic(one)}
        lazy = {_DT_JMPREL, _DT_PLTRELSZ, _DT_SYMTAB} <= values.keys() and values.get(_DT_PLTREL) == _DT_RELA
        if machine not in _JUMP_SLOTS or not self._is_64 or self._order != "<" or not lazy:
            return ()
        count = values[_DT_PLTRELSZ] // 24
        if count > _MAX_CALLS:
            raise MalformedElf(f"{count} calls through slots")
        relocations = self._read(self._file_offset(loads, values[_DT_JMPREL]), count * 24)
        symbols = self._file_offset(loads, values[_DT_SYMTAB])
        found = []
        for slot, kind, symbol, _ in struct.iter_unpack("<QIIq", relocations):
            if kind == _JUMP_SLOTS[machine] and symbol:
                _, info, _, section, address, _ = self._unpack("IBBHQQ", symbols + symbol * 24)
                if info == _STB_GLOBAL << 4 | _STT_FUNC and 0 < section < _SHN_LORESERVE:
                    found.append(OwnCall(self._file_offset(loads, slot), address))
        return tuple(found)

    def _version_rows(
        self, loads: list[_Segment], values: Mapping[int, int], place: int, count: int, layout: str
    ) -> list[tuple[int, ...]]:
        if place not in values:
            return []
        return self._chain(layout, self._file_offset(loads, values[place]), values.get(count, 0))

    def _chain(self, layout: str, offset: int, count: int) -> list[tuple[int, ...]]:
        """Rows each of which ends with the distance to the next, every one behind the place where it was found."""
        if count > _MAX_VERSIONS:
            raise MalformedElf(f"{count} symbol versions")
        rows = []
        for _ in range(count):
            row = self._unpack(layout, offset)
            rows.append((offset, *row))
            if not row[-1]:
                break
            offset += row[-1]
        return rows

    def _read(self, offset: int, size: int) -> bytes:
        data = self._read_up_to(offset, size)
        if len(data) != size:
            raise MalformedElf(f"needs {size} bytes at offset {offset}, has {len(data)}")
        return data

    def _read_up_to(self, offset: int, size: int) -> bytes:
        if offset > _MAX_OFFSET:
            raise MalformedElf(f"offset {offset}")
        return self._source.read_at(offset, size)

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        layout = self._order + layout
        return struct.unpack(layout, self._read(offset, struct.calcsize(layout)))

    def _program_headers(self) -> tuple[str, list[_Segment]]:
        header = self._unpack("HHIQQQIHHHHHH" if self._is_64 else "HHIIIIIHHHHHH", 16)
        machine, table, entry_size, count = header[1], header[4], header[8], header[9]
        layout = "IIQQQQQQ" if self._is_64 else "IIIIIIII"
        if count > _MAX_PROGRAM_HEADERS:
            raise MalformedElf(f"{count} program headers")
        if count and entry_size < struct.calcsize("<" + layout):
            raise MalformedElf(f"program headers of {entry_size} bytes")
        segments = []
        for index in range(count):
            row = self._unpack(layout, table + index * entry_size)
            if self._is_64:
                segments.append(_Segment(row[0], row[2], row[3], row[5]))
            else:
                segments.append(_Segment(row[0], row[1], row[2], row[4]))
        return _MACHINES.get(machine, f"machine {machine}"), segments

    def _dynamic(self, segment: _Segment) -> Iterator[tuple[int, int, int]]:
        """Place in the file, tag and value of each entry."""
        if segment.file_size > _MAX_DYNAMIC_BYTES:
            raise MalformedElf(f"dynamic section of {segment.file_size} bytes")
        layout = self._order + ("qQ" if self._is_64 else "iI")
        step = struct.calcsize(layout)
        size = segment.file_size - segment.file_size % step
        for number, (tag, value) in enumerate(struct.iter_unpack(layout, self._read(segment.offset, size))):
            if tag == _DT_NULL:
                return
            yield segment.offset + number * step, tag, value

    def _file_offset(self, loads: list[_Segment], address: int) -> int:
        for segment in loads:
            if segment.address <= address < segment.address + segment.file_size:
                return segment.offset + address - segment.address
        raise MalformedElf(f"address {address:#x} is in no segment")

    def _string(self, offset: int, limit: int) -> str:
        # Two steps, because nearly every string is short and a reader may decompress what it reads.
        for size in (min(256, limit), limit):
            data, found, _ = self._read_up_to(offset, size).partition(b"\0")
            if found:
                return data.decode("utf-8", "surrogateescape")
        raise MalformedElf(f"string at offset {offset} without an end")
