"""Takes away what no workspace uses any more, and keeps what is shared below a size.

A tree is used while an output or the `.venv` of some workspace links it, a runfiles tree while an output does, and a
directory of links while a runfiles tree does. Wheels, sources, downloads, blobs and remembered actions are used by
builds to come, so they go by age: those that were not asked for in a month, and beyond a size those that were not asked
for longest. All of it can be had again, so removing too much costs time and nothing else.

So goes what each workspace remembers for its next command: compiled programs, evaluated packages, stamps and records.
Other versions of this program, other command lines and files as they were do not find theirs any more, and what nobody
finds grows old. Queries look there without a lock, and take what is gone for what was never there.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.host.files import remove, temporary_name
from venvship.host.locks import FileLock
from venvship.session.kept_forests import INDEX
from venvship.session.known_venvs import known_venvs

_MONTH = 30 * 86_400.0
_DAY = 86_400.0
_REMEMBERED = ("code", "forests", "records", "stamps")
_SIZE = re.compile(r"(\d{1,12})\s*([kmgt]?)(?:i?b)?\Z", re.IGNORECASE)
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class BadSize(UserError):
    """A text that is no size."""


def parse_size(text: str) -> int:
    """Read `20G`, `500 MB` or a number of bytes; raises BadSize.

    >>> parse_size("2k")
    2048
    """
    match = _SIZE.match(text.strip())
    if match is None:
        raise BadSize(f"`{text}` is no size", hint="write for example `--max_size=20G`")
    return int(match[1]) * _FACTORS[match[2].lower()]


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken away, and what is left."""

    entries: int
    size: int
    left: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something that can be removed as a whole."""

    path: Path
    size: int
    used_at: float
    is_tree: bool


def remove_unused(user_root: Path, *, now: float, max_size: int | None = None, block: bool = True) -> Removed:
    """Remove what is unused; no workspace can build meanwhile."""
    with no_builds(user_root, block=block):
        # What programs have in common is linked by their trees, so it goes after these.
        _remove_unlinked(user_root, "r", by="execroot")
        _remove_unlinked(user_root, "links", by="r")
        linked = _linked_trees(user_root)
        entries = sorted(_entries(user_root), key=lambda entry: (entry.used_at, entry.path))
        doomed = [entry for entry in entries if _is_unused(entry, linked, now)]
        kept = [entry for entry in entries if not _is_unused(entry, linked, now)]
        left = sum(entry.size for entry in kept)
        while max_size is not None and left > max_size and kept:
            entry = kept.pop(0)
            doomed.append(entry)
            left -= entry.size
        for entry in doomed:
            remove_whole(entry.path, user_root)
        return Removed(len(doomed), sum(entry.size for entry in doomed), left)


@contextlib.contextmanager
def no_builds(user_root: Path, *, block: bool = True) -> Iterator[None]:
    """Let no workspace build until the block ends; waits for those that do, or raises LockHeld."""
    with contextlib.ExitStack() as held:
        for lock in sorted(user_root.glob("workspaces/*/lock")):
            guard = FileLock(lock)
            if block:
                guard.acquire()
            else:
                guard.try_acquire()
            held.enter_context(guard)
        yield


def remove_whole(path: Path, user_root: Path) -> None:
    """Out of sight by one rename, then away: a killed process leaves nothing half removed where it is looked for."""
    scratch = user_root / "trees" / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    doomed = temporary_name(str(scratch))
    if path.is_dir() and not path.is_symlink():
        path.chmod(0o700)
    with contextlib.suppress(FileNotFoundError):
        os.rename(path, doomed)
        remove(doomed)


def _is_unused(entry: _Entry, linked: frozenset[str], now: float) -> bool:
    if entry.is_tree:
        return entry.path.name not in linked and now - entry.used_at > _DAY
    return now - entry.used_at > (_DAY if entry.path.parent.name in ("partial", "builds") else _MONTH)


def _entries(user_root: Path) -> Iterator[_Entry]:
    for path in _listed(user_root / "trees"):
        if path.name != "tmp":
            yield _Entry(path, _size(path), path.stat().st_mtime, True)
    for name in ("wheels", "partial", "builds", "built", "locks"):
        for path in _listed(user_root / name):
            yield _Entry(path, _size(path), path.lstat().st_mtime, False)
    for name in ("blobs", "actions", "downloads"):
        for directory in _listed(user_root / name):
            yield from _read_files(directory)
    for output_base in _listed(user_root / "workspaces"):
        for name in _REMEMBERED:
            yield from _read_files(output_base / name)


def _read_files(directory: Path) -> Iterator[_Entry]:
    """The files of a directory, and directories with an index; they are used whenever they are read."""
    for path in _listed(directory):
        # A query that runs meanwhile may rename what it has just written.
        with contextlib.suppress(FileNotFoundError):
            status = (path / INDEX if path.is_dir() else path).lstat()
            yield _Entry(path, _size(path), max(status.st_mtime, status.st_atime), False)


def _listed(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _size(path: Path) -> int:
    """What a file or everything in a directory takes; links count nothing, and of a file with two names each is half.

    Trees of one wheel, with bytecode and without, have most of their files in common.
    """
    if not path.is_dir():
        return path.lstat().st_size
    total = 0
    for directory, _, files in os.walk(path):
        for name in files:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(directory, name))
                total += status.st_size // max(1, status.st_nlink)
    return total


def _linked_trees(user_root: Path) -> frozenset[str]:
    """The trees that outputs or the virtualenv of some workspace link."""
    roots = [root for name in ("execroot", "r", "links") for root in user_root.glob(f"workspaces/*/{name}")]
    roots += known_venvs(user_root)
    return frozenset(name for root in roots for name in _linked(root, user_root / "trees"))


def _remove_unlinked(user_root: Path, name: str, *, by: str) -> None:
    """Remove what lies in one directory of a workspace and nothing in another links any more."""
    for store in user_root.glob(f"workspaces/*/{name}"):
        used = set(_linked(store.parent / by, store))
        for entry in _listed(store):
            if entry.name not in used:
                remove_whole(entry, user_root)


def _linked(root: Path, store: Path) -> Iterator[str]:
    """The entries of `store` that links below `root` lead to or into."""
    for directory, names, files in os.walk(root):
        for name in (*names, *files):
            path = os.path.join(directory, name)
            if os.path.islink(path):
                text = os.readlink(path)
                if text.startswith(f"{store}/"):
                    yield text[len(str(store)) + 1 :].partition("/")[0]
