"""Trees: what a directory holds, as a value with a digest.

A tree lists every file with its digest and execute bit, every link with its text, and every empty directory;
directories that hold something are implied. Owners, times and other mode bits are no part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import InternalError
from venvship.model.digest import Digest
from venvship.model.paths import TreePath, normalise, parent

_HEADER = b"venvship tree 1\n"


class MalformedTree(InternalError):
    """Stored bytes that should be a tree are not one, or a tree contradicts itself."""


@dataclass(frozen=True, slots=True)
class TreeFile:
    path: TreePath
    digest: Digest
    executable: bool = False


@dataclass(frozen=True, slots=True)
class TreeLink:
    path: TreePath
    text: str


@dataclass(frozen=True, slots=True)
class TreeDirectory:
    """A directory that holds nothing."""

    path: TreePath


TreeEntry: TypeAlias = TreeFile | TreeLink | TreeDirectory


@dataclass(frozen=True, slots=True)
class Tree:
    """Entries sorted by path; paths are relative, normalised, unique, and no file is a directory of another."""

    entries: tuple[TreeEntry, ...]

    @property
    def digest(self) -> Digest:
        return Digest.of(self.encode())

    def encode(self) -> bytes:
        """The canonical bytes, which `decode` reads; their digest is the tree's."""
        rows: list[list[object]] = []
        for entry in self.entries:
            match entry:
                case TreeFile(path, digest, executable):
                    rows.append([path, "x" if executable else "f", digest.sha256, digest.size_bytes])
                case TreeLink(path, text):
                    rows.append([path, "l", text])
                case TreeDirectory(path):
                    rows.append([path, "d"])
        return encoding_of(json.dumps(rows, ensure_ascii=True, separators=(",", ":")))

    @classmethod
    def of(cls, entries: Iterable[TreeEntry]) -> Tree:
        """Sort and check `entries`; raises MalformedTree."""
        ordered = tuple(sorted(entries, key=lambda entry: entry.path))
        kinds: dict[str, TreeEntry] = {}
        for entry in ordered:
            if entry.path in kinds:
                raise MalformedTree(f"tree names `{entry.path}` twice")
            try:
                normal = normalise(entry.path)
            except ValueError as error:
                raise MalformedTree(f"tree with a bad path: {error}") from error
            if normal != entry.path or not normal or "\0" in normal:
                raise MalformedTree(f"tree with the path {entry.path!r}, which is not normalised")
            if isinstance(entry, TreeLink) and (not entry.text or "\0" in entry.text):
                raise MalformedTree(f"tree with the link `{entry.path}`, whose text {entry.text!r} no link can have")
            kinds[entry.path] = entry
        checked: set[str] = set()
        for path in kinds:
            above = parent(path)
            while above and above not in checked:
                if above in kinds:
                    raise MalformedTree(f"tree has `{path}` below `{above}`, which is no directory")
                checked.add(above)
                above = parent(above)
        return cls(ordered)

    @classmethod
    def decode(cls, data: bytes) -> Tree:
        """Read what `encode` wrote; raises MalformedTree for anything else."""
        if not data.startswith(_HEADER):
            raise MalformedTree("not a tree")
        try:
            rows = json.loads(data[len(_HEADER) :])
            if not isinstance(rows, list):
                raise ValueError("no list of entries")
            tree = cls.of(_entry(row) for row in rows)
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise MalformedTree(f"malformed tree: {error}") from error
        # One tree has one encoding, or its digest would mean nothing.
        if tree.encode() != data:
            raise MalformedTree("a tree that is not encoded as trees are")
        return tree


def encoding_of(rows: str) -> bytes:
    """The canonical bytes of a tree whose rows are written and ordered as `Tree.encode` does it; nothing is checked."""
    return _HEADER + rows.encode()


def rows_with(encoded: bytes, rows: Iterable[list[object]]) -> str:
    """The rows of a tree and others, which take the place of those with their paths, as `encoding_of` wants them."""
    every = {row[0]: row for row in (*json.loads(encoded[len(_HEADER) :]), *rows)}
    return json.dumps([every[path] for path in sorted(every)], ensure_ascii=True, separators=(",", ":"))


def _entry(row: list[object]) -> TreeEntry:
    match row:
        case [str(path), ("f" | "x") as kind, str(sha256), int(size)] if not isinstance(size, bool):
            return TreeFile(TreePath(path), Digest(sha256, size), kind == "x")
        case [str(path), "l", str(text)]:
            return TreeLink(TreePath(path), text)
        case [str(path), "d"]:
            return TreeDirectory(TreePath(path))
    raise ValueError(f"unknown row {row!r}")
