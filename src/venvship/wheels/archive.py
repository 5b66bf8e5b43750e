"""Reads wheel files as archives, and refuses those that could harm whoever unpacks them.

A wheel is read through `RandomAccess`, so that the same code serves a file, bytes in memory, or an index that answers
range requests. The rules for members are those of `tools.install_wheel`, which unpacks; what is refused here never
reaches it.
"""

from __future__ import annotations

import functools
import importlib
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from venvship.dataclass import dataclass
from venvship.errors import UserError

_MAX_MEMBERS: Final = 1_000_000
_MAX_UNPACKED: Final = 64 << 30
# Deflate cannot do better than 1032 to 1; a larger declared size is a lie.
_MAX_RATIO: Final = 1032
_MAX_COMPONENT: Final = 255
_MAX_PATH: Final = 1024
_PIECE: Final = 1 << 20
_PIECE_STORED: Final = 256 << 10
_LOCAL_HEADER: Final = 30
_MEMBER: Final = b"PK\x03\x04"
_NAME_LENGTH: Final = 26
_UTF8: Final = 0x800
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_ORDINARY_PATH: Final = re.compile(r"(?:[\w+-][\w.+ -]*/)*[\w+-][\w.+ -]*", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

_UNREADABLE: Final = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OverflowError,
    ValueError,
    struct.error,
    zlib.error,
)


class RandomAccess(Protocol):
    """A file of known size that can be read anywhere."""

    @property
    def size(self) -> int: ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`; fewer at the end only."""
        ...


class MalformedWheel(UserError):
    """A wheel file that is broken, or that would write where it must not."""

    def __init__(self, wheel: str, problems: Iterable[str]) -> None:
        self.wheel = wheel
        self.problems = tuple(problems)
        shown = [f"  {problem}" for problem in self.problems[:20]]
        if len(self.problems) > 20:
            shown.append(f"  and {len(self.problems) - 20} more")
        super().__init__(
            f"the wheel `{wheel}` is refused:\n" + "\n".join(shown),
            hint="lock another version or build, or report it to those who publish the wheel",
        )


@functools.cache
def _deflate() -> Any:
    """`isal`, which is twice as fast, where there is one; loaded by need."""
    try:
        return importlib.import_module("isal.isal_zlib")
    except ImportError:
        return zlib


@dataclass(frozen=True, slots=True)
class BytesAccess:
    """A file in memory."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file in a wheel."""

    path: str
    size: int
    executable: bool


class WheelArchive:
    """An open wheel. `members` are its files by path; directories are left out."""

    def __init__(self, source: RandomAccess, *, name: str) -> None:
        self.name = name
        self._source = source
        try:
            self._zip = zipfile.ZipFile(_Reader(source))
        except _UNREADABLE as error:
            raise MalformedWheel(name, [f"it is not a readable zip archive: {error}"]) from None
        infos = [info for info in self._zip.infolist() if not info.orig_filename.endswith("/")]
        problems = _problems(self._zip.infolist(), source.size)
        if problems:
            raise MalformedWheel(name, problems)
        self._infos = {info.orig_filename: info for info in infos}
        self.members: Mapping[str, Member] = {
            info.orig_filename: Member(info.orig_filename, info.file_size, _is_executable(info)) for info in infos
        }

    def read(self, path: str, *, limit: int) -> bytes:
        """The whole content of a member that must not be larger than `limit`."""
        info = self._infos[path]
        if info.file_size > limit:
            raise MalformedWheel(self.name, [f"`{path}` has {info.file_size} bytes, more than {limit}"])
        deflate = _deflate()
        try:
            data = self._source.read_at(self._start(info), info.compress_size)
            if info.compress_type == zipfile.ZIP_DEFLATED:
                # Never more than is declared, and one byte that tells that there would be.
                data = deflate.decompressobj(-zlib.MAX_WBITS).decompress(data, info.file_size + 1)
        except (*_UNREADABLE, deflate.error) as error:
            raise MalformedWheel(self.name, [f"`{path}` is damaged: {error}"]) from None
        if len(data) != info.file_size:
            raise MalformedWheel(self.name, [f"`{path}` is damaged: its size is not what it declares"])
        if zlib.crc32(data) != info.CRC:
            raise MalformedWheel(self.name, [f"`{path}` is damaged: its checksum is not what it declares"])
        return data

    def _start(self, info: zipfile.ZipInfo) -> int:
        """Where the bytes of a member begin in the archive."""
        header = self._source.read_at(info.header_offset, _LOCAL_HEADER)
        name_length, extra_length = struct.unpack_from("<HH", header, _NAME_LENGTH)
        name = self._source.read_at(info.header_offset + _LOCAL_HEADER, name_length)
        encoding = "utf-8" if info.flag_bits & _UTF8 else "cp437"
        if not header.startswith(_MEMBER) or name.decode(encoding, "replace") != info.orig_filename:
            raise zipfile.BadZipFile("its header and the directory of the archive disagree")
        return info.header_offset + _LOCAL_HEADER + int(name_length) + int(extra_length)

    def access(self, path: str) -> RandomAccess:
        """A member as a file. It is inflated as far as it is read, and anew for steps back that are not small ones.

        Its checksum is not looked at.
        """
        info = self._infos[path]
        try:
            stored = _Part(self._source, self._start(info), info.compress_size)
        except _UNREADABLE as error:
            raise MalformedWheel(self.name, [f"`{path}` is damaged: {error}"]) from None
        if info.compress_type == zipfile.ZIP_STORED:
            return stored
        return _Inflated(stored, info.file_size, wheel=self.name, path=path)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some bytes of a file as a file."""

    whole: RandomAccess
    start: int
    size: int

    def read_at(self, offset: int, length: int) -> bytes:
        return self.whole.read_at(self.start + offset, max(min(length, self.size - offset), 0))


class _Inflated:
    """A compressed member. The first piece of its content is kept, and the last two that were made."""

    def __init__(self, stored: RandomAccess, size: int, *, wheel: str, path: str) -> None:
        self.size = size
        self._stored = stored
        self._wheel = wheel
        self._path = path
        self._head = b""
        self._begin()

    def read_at(self, offset: int, length: int) -> bytes:
        end = min(offset + length, self.size)
        if end <= len(self._head):
            return self._head[offset:end]
        if offset < self._made - len(self._before) - len(self._last):
            self._begin()
        found = []
        while offset < end:
            while self._made <= offset:
                self._inflate()
            kept = self._before + self._last if offset < self._made - len(self._last) else self._last
            start = offset - (self._made - len(kept))
            found.append(kept[start : start + end - offset])
            offset += len(found[-1])
        return b"".join(found)

    def _begin(self) -> None:
        self._inflater = _deflate().decompressobj(-zlib.MAX_WBITS)
        self._taken = 0
        self._tail = b""
        self._made = 0
        self._before = b""
        self._last = b""

    def _inflate(self) -> None:
        """Make one more piece; raises MalformedWheel where there is none."""
        try:
            if not self._tail:
                self._tail = self._stored.read_at(self._taken, _PIECE_STORED)
                self._taken += len(self._tail)
            piece = self._inflater.decompress(self._tail, min(_PIECE, self.size - self._made))
        except (zlib.error, _deflate().error) as error:
            raise MalformedWheel(self._wheel, [f"`{self._path}` is damaged: {error}"]) from None
        self._tail = self._inflater.unconsumed_tail
        if not piece and (self._inflater.eof or (not self._tail and self._taken >= self._stored.size)):
            raise MalformedWheel(self._wheel, [f"`{self._path}` is damaged: its size is not what it declares"])
        self._before, self._last = self._last, piece
        self._made += len(piece)
        self._head = self._head or piece


class _Reader(io.RawIOBase):
    """What `zipfile` wants to see of a `RandomAccess`."""

    def __init__(self, source: RandomAccess) -> None:
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        if base + offset < 0:
            raise ValueError("a position before the start of the file")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        rest = max(self._source.size - self._position, 0)
        length = rest if size is None or size < 0 else min(size, rest)
        data = self._source.read_at(self._position, length) if length else b""
        self._position += len(data)
        return data


def _is_executable(info: zipfile.ZipInfo) -> bool:
    return bool((info.external_attr >> 16) & 0o111)


def _problems(infos: list[zipfile.ZipInfo], archive_size: int) -> list[str]:
    if len(infos) > _MAX_MEMBERS:
        return [f"it has {len(infos)} members, more than {_MAX_MEMBERS}"]
    problems: list[str] = []
    for info in infos:
        if _is_ordinary(info):
            continue
        problems += [f"`{shown_path(info.orig_filename)}` {problem}" for problem in _member_problems(info)]
    problems += path_clashes(info.orig_filename for info in infos if not info.orig_filename.endswith("/"))
    problems += _size_problems(infos, archive_size)
    return problems


def _is_ordinary(info: zipfile.ZipInfo) -> bool:
    """Whether a member is like almost all of all wheels: then `_member_problems` finds nothing in it."""
    return (
        _ORDINARY_PATH.fullmatch(info.orig_filename) is not None
        and len(info.orig_filename) <= _MAX_COMPONENT
        and info.external_attr >> 28 in (0, stat.S_IFREG >> 12)
        and not info.flag_bits & _ENCRYPTED
        and info.compress_type == zipfile.ZIP_DEFLATED
        and info.file_size <= info.compress_size * _MAX_RATIO
    )


def _member_problems(info: zipfile.ZipInfo) -> Iterable[str]:
    if (problem := path_problem(info.orig_filename.removesuffix("/"))) is not None:
        yield problem
    kind = stat.S_IFMT(info.external_attr >> 16)
    is_directory = info.orig_filename.endswith("/")
    if kind == stat.S_IFLNK:
        yield "is a symbolic link"
    elif kind not in (0, stat.S_IFDIR if is_directory else stat.S_IFREG):
        yield "is neither a file nor a directory"
    if info.flag_bits & _ENCRYPTED:
        yield "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        yield f"is compressed by the unknown method {info.compress_type}"
    if info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
        yield "is stored, but its two sizes differ"
    if info.file_size > info.compress_size * _MAX_RATIO + _MAX_RATIO:
        yield f"claims {info.file_size} bytes in {info.compress_size} compressed ones"


def _size_problems(infos: list[zipfile.ZipInfo], archive_size: int) -> Iterable[str]:
    total = sum(info.file_size for info in infos)
    if total > _MAX_UNPACKED:
        yield f"it would unpack to {total} bytes, more than {_MAX_UNPACKED}"
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            yield f"`{shown_path(info.orig_filename)}` overlaps the member before it"
            return
        end = info.header_offset + _LOCAL_HEADER + info.compress_size
    if end > archive_size:
        yield "its members reach beyond the end of the file"


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
        encoded = path.encode()
    except UnicodeEncodeError:
        return "has a path that is not Unicode"
    parts = path.split("/")
    if ".." in parts:
        return "leaves its directory"
    if "" in parts or "." in parts:
        return "has an empty or `.` component in its path"
    if len(encoded) > _MAX_COMPONENT and (
        len(encoded) > _MAX_PATH or any(len(part.encode()) > _MAX_COMPONENT for part in parts)
    ):
        return "has too long a path"
    if len(path) > 1 and path[1] == ":":
        return "names a drive"
    return None


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
