"""A directory of which some entries are ours: brought up to date entry by entry, and left alone otherwise.

What is ours is written down in a file of the directory. An entry that has not changed is not touched, each one that
has is replaced in one step, and what others have put there stays. New entries are made in a directory beside that file,
so what is left of a process that was killed is known, and removed by the next.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.host.files import remove, replace, temporary_name, write_atomically
from venvship.host.links import link_text


@dataclass(frozen=True, slots=True)
class OwnedLink:
    text: str


@dataclass(frozen=True, slots=True)
class OwnedFile:
    content: bytes
    executable: bool = False


OwnedEntry: TypeAlias = OwnedLink | OwnedFile


@dataclass(frozen=True, slots=True)
class Changes:
    """Paths that are not, or were not, as they should be."""

    missing: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    superfluous: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.different or self.superfluous)

    def __len__(self) -> int:
        return len(self.missing) + len(self.different) + len(self.superfluous)

    @property
    def lines(self) -> tuple[str, ...]:
        return (
            *(f"+ {path}" for path in self.missing),
            *(f"~ {path}" for path in self.different),
            *(f"- {path}" for path in self.superfluous),
        )


class ForeignDirectory(Exception):
    """There is something at the directory's path, and it is not ours."""


@dataclass(slots=True)
class _Directory:
    entries: dict[str, _Directory | OwnedEntry] = field(default_factory=dict)

    def at(self, path: str) -> _Directory:
        directory = self
        for part in path.split("/") if path else ():
            found = directory.entries.setdefault(part, _Directory())
            if not isinstance(found, _Directory):
                raise ValueError(f"an entry lies below the entry {part!r}")
            directory = found
        return directory


class OwnedTree:
    """The directory at `path`; `record` is the name of the file in it that lists our entries."""

    def __init__(self, path: Path, *, record: str) -> None:
        self.path = path
        self._record = path / record
        self._making = path / f"{record}.making"

    def compare(self, wanted: Mapping[str, OwnedEntry], *, displaced: Iterable[str] = ()) -> Changes:
        """How the directory differs from `wanted`; raises ForeignDirectory.

        `displaced` are entries of others that contradict `wanted`, so they are superfluous where they are.
        """
        owned = self._owned()
        gone = owned.union(displaced)
        missing = [path for path in wanted if not os.path.lexists(self.path / path)]
        absent = set(missing)
        directories = {above for path in wanted for above in _directories_above(path)}
        return Changes(
            tuple(sorted(missing)),
            tuple(sorted(p for p, entry in wanted.items() if p not in absent and not _holds(self.path / p, entry))),
            tuple(sorted(p for p in gone if p not in wanted and p not in directories and self._is_there(p))),
        )

    def update(self, wanted: Mapping[str, OwnedEntry], *, displaced: Iterable[str] = ()) -> Changes:
        """Make the directory hold `wanted`, and nothing else of what was ours or is `displaced`.

        Raises ForeignDirectory.
        """
        changes = self.compare(wanted, displaced=displaced)
        remove(self._making)
        if not changes and self.path.is_dir():
            return changes
        self.path.mkdir(exist_ok=True)
        self._making.mkdir()
        # Named before it is made: whoever is interrupted leaves nothing that nobody knows of.
        self._write_record({*wanted, *self._owned()})
        root = _Directory()
        for path, entry in wanted.items():
            directory, _, name = path.rpartition("/")
            root.at(directory).entries[name] = entry
        self._reconcile(self.path, root)
        for path in changes.superfluous:
            self._discard(path)
        self._write_record(wanted)
        remove(self._making)
        return changes

    def _owned(self) -> frozenset[str]:
        if not os.path.lexists(self.path):
            return frozenset()
        if self.path.is_symlink() or not self.path.is_dir():
            raise ForeignDirectory(str(self.path))
        try:
            listed = json.loads(self._record.read_bytes())["entries"]
        except FileNotFoundError:
            if any(entry != self._making for entry in self.path.iterdir()):
                raise ForeignDirectory(str(self.path)) from None
            return frozenset()
        except (ValueError, LookupError, TypeError):
            return frozenset()
        return frozenset(path for path in listed if isinstance(path, str) and _stays_inside(path))

    def _write_record(self, paths: Mapping[str, OwnedEntry] | set[str]) -> None:
        text = json.dumps({"entries": sorted(paths)}, indent=0, ensure_ascii=True)
        write_atomically(self._record, f"{text}\n".encode(), beside=self._making)

    def _is_there(self, path: str) -> bool:
        """Whether an entry that was ours is at its place, and not below a link that leads elsewhere."""
        return os.path.lexists(self.path / path) and not any(
            (self.path / above).is_symlink() for above in _directories_above(path)
        )

    def _reconcile(self, path: Path, directory: _Directory) -> None:
        for name in sorted(directory.entries):
            entry = directory.entries[name]
            place = path / name
            if isinstance(entry, _Directory):
                if place.is_dir() and not place.is_symlink():
                    self._reconcile(place, entry)
                else:
                    self._put(place, entry)
            elif not _holds(place, entry):
                self._put(place, entry)

    def _put(self, place: Path, entry: _Directory | OwnedEntry) -> None:
        fresh = Path(temporary_name(self._making))
        try:
            _make(fresh, entry)
            replace(fresh, place, trash=self._making)
        except BaseException:
            remove(fresh)
            raise

    def _discard(self, path: str) -> None:
        if not self._is_there(path):
            return
        remove(self.path / path)
        for above in _directories_above(path):
            try:
                (self.path / above).rmdir()
            except OSError:
                return  # not empty: something of ours or of others is still there


def _make(path: Path, entry: _Directory | OwnedEntry) -> None:
    match entry:
        case OwnedLink(text):
            path.symlink_to(text)
        case OwnedFile(content, executable):
            path.write_bytes(content)
            path.chmod(0o755 if executable else 0o644)
        case _Directory(entries):
            path.mkdir()
            for name, inner in entries.items():
                _make(path / name, inner)


def _holds(path: Path, entry: OwnedEntry) -> bool:
    if isinstance(entry, OwnedLink):
        return link_text(path) == entry.text
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size != len(entry.content):
            return False
        return bool(status.st_mode & 0o100) == entry.executable and path.read_bytes() == entry.content
    except OSError:
        return False


def _directories_above(path: str) -> Iterator[str]:
    above = path.rpartition("/")[0]
    while above:
        yield above
        above = above.rpartition("/")[0]


def _stays_inside(path: str) -> bool:
    return not path.startswith("/") and not any(part in ("", ".", "..") for part in path.split("/"))
