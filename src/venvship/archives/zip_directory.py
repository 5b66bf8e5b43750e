"""Reads the directories of zip archives (APPNOTE.TXT 4.3), and finds in them what could harm whoever unpacks them.

`zipfile` makes an object of twenty fields for each member, which is a tenth of the time in which a wheel is unpacked.
Standard library alone and nothing newer than Python 3.9, because tools import it. Names are those of the directory;
that a member's own header agrees is seen when its content is looked for.
"""

from __future__ import annotations

import re
import stat
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

STORED = 0
DEFLATED = 8

_END = struct.Struct("<4s4H2LH")
_END_64_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s4x2H4x3L3H4x2L")
_HEADER = struct.Struct("<4s22x2H")
_MAX_COMMENT = 0xFFFF
_MISSING_64 = 0xFFFFFFFF
_EXTRA_64 = 1
_UTF8 = 0x800
_ENCRYPTED = 0x1 | 0x40 | 0x2000

_MAX_MEMBERS = 1_000_000
_MAX_UNPACKED = 64 << 30
# Deflate cannot do better than 1032 to 1; a larger declared size is a lie.
_MAX_RATIO = 1032
_MAX_COMPONENT = 255
_MAX_PATH = 1024
_ORDINARY_PATH = re.compile(r"(?:[\w+-][\w.+ -]*/)*[\w+-][\w.+ -]*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

ReadAt = Callable[[int, int], bytes]
"""Reads up to a number of bytes from a position; fewer at the end of the file only."""


class BadZip(ValueError):
    """Bytes that are no zip archive, or a damaged one."""


class ZipMember(NamedTuple):
    """A member as the directory describes it; `name` is `path` as it is spelled in the archive."""

    path: str
    name: bytes
    flags: int
    method: int
    crc: int
    stored_size: int
    size: int
    attributes: int
    offset: int

    @property
    def is_directory(self) -> bool:
        return self.path.endswith("/")

    @property
    def executable(self) -> bool:
        return bool((self.attributes >> 16) & 0o111)


def read_directory(read_at: ReadAt, archive_size: int) -> list[ZipMember]:
    """Every member in the order of the directory; raises BadZip."""
    position, size, offset = _place(read_at, archive_size)
    # What stands before an archive, such as a program that unpacks it, moves everything in it.
    moved = position - size - offset
    if moved < 0:
        raise BadZip("its directory begins before the file")
    data = read_at(position - size, size)
    members: list[ZipMember] = []
    start = 0
    while start < len(data) and len(members) <= _MAX_MEMBERS:
        if len(data) - start < _ENTRY.size:
            raise BadZip("its directory is cut off")
        signature, flags, method, crc, stored_size, real_size, *lengths, attributes, header = _ENTRY.unpack_from(
            data, start
        )
        name_length, extra_length, comment_length = lengths
        name = data[start + _ENTRY.size : start + _ENTRY.size + name_length]
        start += _ENTRY.size + name_length
        if signature != b"PK\x01\x02" or len(name) < name_length:
            raise BadZip("its directory is damaged")
        if _MISSING_64 in (stored_size, real_size, header):
            extra = data[start : start + extra_length]
            real_size, stored_size, header = _wide(extra, real_size, stored_size, header)
        start += extra_length + comment_length
        try:
            path = name.decode("ascii" if name.isascii() else "utf-8" if flags & _UTF8 else "cp437")
        except UnicodeDecodeError:
            raise BadZip("a name in its directory is no text") from None
        members.append(ZipMember(path, name, flags, method, crc, stored_size, real_size, attributes, header + moved))
    return members


def _place(read_at: ReadAt, archive_size: int) -> tuple[int, int, int]:
    """Where the directory ends, its size, and where it says that it begins."""
    end = archive_size - _END.size
    record = read_at(end, _END.size) if end >= 0 else b""
    if not (record.startswith(b"PK\x05\x06") and record.endswith(b"\0\0")):
        start = max(end - _MAX_COMMENT, 0)
        tail = read_at(start, archive_size - start)
        found = tail.rfind(b"PK\x05\x06")
        end = start + found
        record = tail[found : found + _END.size]
        if found < 0 or len(record) < _END.size:
            raise BadZip("it has no directory")
    _, _, _, _, _, size, offset, _ = _END.unpack(record)
    locator = read_at(end - _END_64_LOCATOR.size, _END_64_LOCATOR.size) if end >= _END_64_LOCATOR.size else b""
    if not locator.startswith(b"PK\x06\x07"):
        return end, size, offset
    place = end - _END_64_LOCATOR.size - _END_64.size
    record = read_at(place, _END_64.size) if place >= 0 else b""
    if len(record) < _END_64.size or not record.startswith(b"PK\x06\x06"):
        raise BadZip("its directory is damaged")
    *_, size, offset = _END_64.unpack(record)
    if size > place:
        raise BadZip("its directory begins before the file")
    return place, size, offset


def _wide(extra: bytes, *values: int) -> Iterator[int]:
    """Sizes and positions of 8 bytes, which take the place of those that are not in the entry, in its order."""
    field = b""
    start = 0
    while start + 4 <= len(extra) and not field:
        kind, length = struct.unpack_from("<2H", extra, start)
        start += 4 + length
        if kind == _EXTRA_64:
            field = extra[start - length : start]
    for value in values:
        if value == _MISSING_64:
            if len(field) < 8:
                raise BadZip("its directory is damaged")
            (value,) = struct.unpack_from("<Q", field)
            field = field[8:]
        yield value


def content_start(member: ZipMember, read_at: ReadAt) -> int:
    """Where the bytes of a member begin in the archive; raises BadZip when its own header says something else."""
    header = read_at(member.offset, _HEADER.size + len(member.name))
    if len(header) < _HEADER.size:
        raise BadZip("it is cut off")
    signature, name_length, extra_length = _HEADER.unpack_from(header)
    if signature != b"PK\x03\x04" or name_length != len(member.name) or header[_HEADER.size :] != member.name:
        raise BadZip("its header and the directory of the archive disagree")
    return member.offset + _HEADER.size + int(name_length) + int(extra_length)


def problems_of(members: list[ZipMember], archive_size: int) -> Iterator[str]:
    """Why an archive must not be unpacked, in words for the user."""
    if len(members) > _MAX_MEMBERS:
        yield f"it has {len(members)} members, more than {_MAX_MEMBERS}"
        return
    for member in members:
        for problem in () if _is_ordinary(member) else _member_problems(member):
            yield f"`{shown_path(member.path)}` {problem}"
    yield from path_clashes(member.path for member in members if not member.is_directory)
    total = sum(member.size for member in members)
    if total > _MAX_UNPACKED:
        yield f"it would unpack to {total} bytes, more than {_MAX_UNPACKED}"
    end = 0
    for member in sorted(members, key=lambda member: member.offset):
        if member.offset < end:
            yield f"`{shown_path(member.path)}` overlaps the member before it"
            return
        end = member.offset + _HEADER.size + member.stored_size
    if end > archive_size:
        yield "its members reach beyond the end of the file"


def _is_ordinary(member: ZipMember) -> bool:
    """Whether a member is like almost all of all wheels: then `_member_problems` finds nothing in it."""
    return (
        _ORDINARY_PATH.fullmatch(member.path) is not None
        and len(member.path) <= _MAX_COMPONENT
        and member.attributes >> 28 in (0, stat.S_IFREG >> 12)
        and not member.flags & _ENCRYPTED
        and member.method == DEFLATED
        and member.size <= member.stored_size * _MAX_RATIO
    )


def _member_problems(member: ZipMember) -> Iterator[str]:
    problem = path_problem(member.path[:-1] if member.is_directory else member.path)
    if problem is not None:
        yield problem
    kind = stat.S_IFMT(member.attributes >> 16)
    if kind == stat.S_IFLNK:
        yield "is a symbolic link"
    elif kind not in (0, stat.S_IFDIR if member.is_directory else stat.S_IFREG):
        yield "is neither a file nor a directory"
    if member.flags & _ENCRYPTED:
        yield "is encrypted"
    if member.method not in (STORED, DEFLATED):
        yield f"is compressed by the unknown method {member.method}"
    if member.method == STORED and member.size != member.stored_size:
        yield "is stored, but its two sizes differ"
    if member.size > member.stored_size * _MAX_RATIO + _MAX_RATIO:
        yield f"claims {member.size} bytes in {member.stored_size} compressed ones"


def shown_path(path: str) -> str:
    """A path as it may be printed."""
    return ascii(path)[1:-1][:200]


def path_problem(path: str) -> str | None:
    """Why a path of an archive must not be unpacked, or None."""
    if not path or path.startswith("/"):
        return "is an absolute path" if path else "has an empty name"
    if "\\" in path:
        return "has a backslash in its path"
    if _CONTROL.search(path):
        return "has a control character in its path"
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "has a path that is not Unicode"
    parts = path.split("/")
    if ".." in parts:
        return "leaves its directory"
    if "" in parts or "." in parts:
        return "has an empty or `.` component in its path"
    if size > _MAX_COMPONENT and (size > _MAX_PATH or any(len(part.encode()) > _MAX_COMPONENT for part in parts)):
        return "has too long a path"
    return "names a drive" if path[1:2] == ":" else None


def path_clashes(paths: Iterable[str]) -> list[str]:
    """Pairs that cannot lie beside each other: equal, equal but for case, or one a file and the other below it."""
    every = list(paths)
    if _are_apart(every):
        return []
    problems: list[str] = []
    files: dict[str, str] = {}
    directories: dict[str, str] = {}
    for path in sorted(every):
        folded = path.casefold()
        other = files.get(folded)
        if other is None:
            files[folded] = path
        else:
            difference = "appears twice" if other == path else f"differs from `{shown_path(other)}` by case only"
            problems.append(f"`{shown_path(path)}` {difference}")
        slash = path.rfind("/")
        while slash > 0:
            parent = path[:slash]
            known = directories.setdefault(parent.casefold(), parent)
            if known != parent:
                problems.append(f"`{shown_path(parent)}` differs from `{shown_path(known)}` by case only")
            if known is not parent:
                break
            slash = path.rfind("/", 0, slash)
    problems += [
        f"`{shown_path(files[name])}` is a file and a directory" for name in sorted(files.keys() & directories)
    ]
    return problems


def _are_apart(paths: list[str]) -> bool:
    """Whether no two of the paths, nor of the directories above them, are one or differ by case only."""
    above: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in above:
            above.add(parent)
            parent = parent.rpartition("/")[0]
    folded = {*map(str.casefold, paths), *map(str.casefold, above)}
    return len(folded) == len(paths) + len(above)
