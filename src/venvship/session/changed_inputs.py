"""What must be looked at again, because a file says something else or a directory has other names."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.execution.unresumable import Unresumable
from venvship.loading.disk_files import DiskFiles
from venvship.loading.workspace import MODULE_FILE
from venvship.session.build_record import BuildRecord
from venvship.session.bzl_record import BzlRecord
from venvship.session.listing import fingerprint, is_same, without_links
from venvship.session.loading_record import LoadingRecord
from venvship.session.lock_record import LockRecord
from venvship.session.same_file import differs_as_installed, says_the_same


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Packages of the main repository to be loaded again, and `.bzl` files and locks that say something else.

    `projects` are files of projects that are installed as something else, `graph` is a MODULE.bazel that may come to
    other modules.
    """

    packages: tuple[str, ...]
    modules: tuple[str, ...]
    locks: tuple[str, ...]
    projects: tuple[str, ...] = ()
    graph: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.packages or self.modules or self.locks or self.projects or self.graph)


def to_look_at(record: BuildRecord, loading: LoadingRecord, changed: Iterable[str]) -> LookAgain:
    """What changed files and directories are part of.

    Comments and layout are part of nothing, nor are the entries of directories that no package looked into; of those
    directories the records are brought up to date. Raises Unresumable.
    """
    packages: dict[str, None] = {}
    modules: list[str] = []
    locks: list[str] = []
    projects: list[str] = []
    graph: list[str] = []
    known = BzlRecord.unpacked(loading.bzl).modules
    known_locks = LockRecord.unpacked(loading.locks).locks
    for path in changed:
        if path in known_locks:
            locks.append(path)
        elif path in record.opened or not _is_known(path, record):
            raise Unresumable(path)
        old = record.programs.get(path)
        new = None if old is None else _read(path)
        if old is not None and new is not None and not says_the_same(path, old, new):
            if path in known:
                modules.append(path)
            elif path.endswith(f"/{MODULE_FILE}"):
                graph.append(path)
            elif differs_as_installed(path, old, new):
                projects.append(path)
                # What is made of it again is made of this text, or the end of the command notices.
                record.programs[path] = new
            else:
                packages.update(dict.fromkeys(loading.packages_of(path, None)))
        if path in record.listings:
            entries = DiskFiles().list_directory(path)
            if not is_same(path, entries, record.listings[path]):
                seen = without_links(entries)
                packages.update(dict.fromkeys(loading.packages_of(path, seen)))
                record.listings[path] = fingerprint(path, entries)
                loading.listings[path] = seen
    again = LookAgain(tuple(packages), tuple(modules), tuple(locks), tuple(projects), tuple(graph))
    if again and record.messages:
        # They may tell positions, and come from what is not looked at again.
        raise Unresumable(next(iter([*packages, *modules, *locks, *projects, *graph])))
    return again


def _is_known(path: str, record: BuildRecord) -> bool:
    if path in record.files or path in record.programs or path in record.listings:
        return True
    return directory_of(path, record.directories) is not None


def directory_of(path: str, directories: Container[str]) -> str | None:
    """The directory among some that a path is, or is below."""
    above = path
    while above not in directories:
        if "/" not in above:
            return None
        above = above.rpartition("/")[0]
    return above


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        raise Unresumable(path) from None
