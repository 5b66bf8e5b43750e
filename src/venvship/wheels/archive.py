"""Reads wheel files as archives, and refuses those that could harm whoever unpacks them.

A wheel is read through `RandomAccess`, so that the same code serves a file, bytes in memory, or an index that answers
range requests. What is refused here never reaches `tools.install_wheel`, which unpacks and has the same rules.
"""

from __future__ import annotations

import functools
import importlib
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from venvship.archives.zip_directory import (
    DEFLATED,
    STORED,
    BadZip,
    ZipMember,
    content_start,
    problems_of,
    read_directory,
)
from venvship.dataclass import dataclass
from venvship.errors import UserError

_PIECE: Final = 1 << 20
_PIECE_STORED: Final = 256 << 10


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


class WheelArchive:
    """An open wheel. `members` are its files by path; directories are left out."""

    def __init__(self, source: RandomAccess, *, name: str, members: Mapping[str, ZipMember] | None = None) -> None:
        """`members` are its files where somebody has read its directory and found nothing wrong."""
        self.name = name
        self._source = source
        self.members = _members(source, name) if members is None else members

    def read(self, path: str, *, limit: int) -> bytes:
        """The whole content of a member that must not be larger than `limit`."""
        member = self.members[path]
        if member.size > limit:
            raise MalformedWheel(self.name, [f"`{path}` has {member.size} bytes, more than {limit}"])
        deflate = _deflate()
        data = self._source.read_at(self._start(member), member.stored_size)
        if member.method == DEFLATED:
            try:
                # Never more than is declared, and one byte that tells that there would be.
                data = deflate.decompressobj(-zlib.MAX_WBITS).decompress(data, member.size + 1)
            except (zlib.error, deflate.error) as error:
                raise MalformedWheel(self.name, [f"`{path}` is damaged: {error}"]) from None
        if len(data) != member.size:
            raise MalformedWheel(self.name, [f"`{path}` is damaged: its size is not what it declares"])
        if zlib.crc32(data) != member.crc:
            raise MalformedWheel(self.name, [f"`{path}` is damaged: its checksum is not what it declares"])
        return data

    def access(self, path: str) -> RandomAccess:
        """A member as a file. It is inflated as far as it is read, and anew for steps back that are not small ones.

        Its checksum is not looked at.
        """
        member = self.members[path]
        stored = _Part(self._source, self._start(member), member.stored_size)
        return stored if member.method == STORED else _Inflated(stored, member.size, wheel=self.name, path=path)

    def _start(self, member: ZipMember) -> int:
        try:
            return content_start(member, self._source.read_at)
        except BadZip as error:
            raise MalformedWheel(self.name, [f"`{member.path}` is damaged: {error}"]) from None


def _members(source: RandomAccess, name: str) -> Mapping[str, ZipMember]:
    try:
        every = read_directory(source.read_at, source.size)
    except BadZip as error:
        raise MalformedWheel(name, [f"it is not a readable zip archive: {error}"]) from None
    problems = list(problems_of(every, source.size))
    if problems:
        raise MalformedWheel(name, problems)
    return {member.path: member for member in every if not member.is_directory}


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
