"""How loading sees the disk; every look is an observation that the memo records."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple, Protocol, cast

from venvship.memo.computation import Memo
from venvship.memo.keys import DirectoryEntries, EntryState, FileContent, RealPath
from venvship.model.paths import parent


class EntryKind(enum.StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    OTHER = "other"  # a socket, a device, a pipe
    ABSENT = "absent"  # nothing, or a link that leads nowhere or round in a circle


class DirectoryEntry(NamedTuple):
    """One name in a directory; `kind` is that of what a link leads to."""

    name: str
    kind: EntryKind
    is_link: bool


class SourceFiles(Protocol):
    """Files by absolute host path with `/` between segments; links are followed."""

    def read(self, path: str) -> bytes | None:
        """The content of a file; None when there is none."""
        ...

    def kind(self, path: str) -> EntryKind: ...

    def list_directory(self, path: str) -> tuple[DirectoryEntry, ...]:
        """The entries by name; none when there is no such directory."""
        ...

    def real_path(self, path: str) -> str:
        """The path with every link in it resolved."""
        ...


class RecordedFiles:
    """Looks at each path once, and lets the memo know."""

    def __init__(self, files: SourceFiles, memo: Memo) -> None:
        self._files = files
        self._memo = memo

    def read(self, path: str) -> bytes | None:
        return self._memo.compute(FileContent(path), lambda: self._files.read(path))

    def kind(self, path: str) -> EntryKind:
        return EntryKind(self._memo.compute(EntryState(path), lambda: self._files.kind(path)))

    def list_directory(self, path: str) -> tuple[DirectoryEntry, ...]:
        # Nobody else computes a key of this kind, so that what is known is what was listed here.
        listed = self._memo.compute(DirectoryEntries(path), lambda: self._files.list_directory(path))
        return cast(tuple[DirectoryEntry, ...], listed)

    def real_path(self, path: str) -> str:
        return self._memo.compute(RealPath(path), lambda: self._files.real_path(path))


class MemoryFiles:
    """Files and links held in memory: paths to bytes, and link paths to the paths they lead to."""

    def __init__(self, files: Mapping[str, bytes | str], links: Mapping[str, str] | None = None) -> None:
        self.files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        self.links = dict(links or {})

    def read(self, path: str) -> bytes | None:
        return self.files.get(self.real_path(path))

    def kind(self, path: str) -> EntryKind:
        real = self.real_path(path)
        if real in self.files:
            return EntryKind.FILE
        inside = real.rstrip("/") + "/"
        known = (*self.files, *self.links)
        return EntryKind.DIRECTORY if any(one.startswith(inside) for one in known) else EntryKind.ABSENT

    def list_directory(self, path: str) -> tuple[DirectoryEntry, ...]:
        inside = self.real_path(path).rstrip("/") + "/"
        known = (*self.files, *self.links)
        names = {one.removeprefix(inside).partition("/")[0] for one in known if one.startswith(inside)}
        return tuple(
            DirectoryEntry(name, self.kind(inside + name), inside + name in self.links) for name in sorted(names)
        )

    def real_path(self, path: str) -> str:
        for _ in range(40):
            above = path
            while above and above not in self.links:
                above = parent(above)
            if not above:
                return path
            path = self.links[above] + path.removeprefix(above)
        return "/dev/null/circle"
