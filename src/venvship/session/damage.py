"""Finds what was changed in the stores since it was put there, and takes it away, so that it is made anew.

Builds see that a wheel or a blob was written to by one look at its time. What is inside of a tree no build looks at, as
that would cost a look at each of its files: trees are read-only, and only somebody who works around that, or a disk
that loses data, changes them. Here everything is read and hashed, and the trees of links that programs run from are
compared with what they were made of.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from venvship.archives.tree import MalformedTree
from venvship.blobs.disk import digest_of_file
from venvship.dataclass import dataclass
from venvship.execution.runfiles_tree import RUNFILES_SUFFIX, STAMP_SUFFIX, found_links, found_stamp
from venvship.execution.straight_links import LinkDirectory
from venvship.execution.trees import UnsupportedEntry, scan_tree, tree_name
from venvship.host.arrivals import results
from venvship.host.links import link_text
from venvship.session.unused import no_builds, remove_whole

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_TREE = re.compile(r"[a-z2-7]{32}\Z")


@dataclass(frozen=True, slots=True)
class Verified:
    """How many entries of the stores were read, and which were not what they should be, by paths in the stores."""

    entries: int
    damaged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something whose `name` comes from what it holds, as `read` finds it."""

    path: Path
    name: str
    read: Callable[[Path], str]

    def is_whole(self) -> bool:
        return self.read(self.path) == self.name


def remove_damaged(user_root: Path, *, block: bool = True) -> Verified:
    """Read all trees, blobs and wheels, and remove those that are damaged; no workspace can build meanwhile."""
    with no_builds(user_root, block=block):
        entries = [*_trees(user_root / "trees"), *_blobs(user_root / "blobs"), *_wheels(user_root / "wheels")]
        for workspace in _listed(user_root / "workspaces"):
            entries += [*_shared(workspace / "links"), *_runfiles(workspace)]
        with ThreadPoolExecutor(os.cpu_count(), "verify") as pool:
            whole = results(pool, _Entry.is_whole, entries)
        damaged = [entry.path for entry, is_whole in zip(entries, whole, strict=True) if not is_whole]
        for path in damaged:
            remove_whole(path, user_root)
        if damaged:
            # A stamp says that nothing has changed, and it knows of no file that a build does not look at.
            for stamps in user_root.glob("workspaces/*/stamps"):
                remove_whole(stamps, user_root)
        return Verified(len(entries), tuple(str(path.relative_to(user_root)) for path in damaged))


def _trees(directory: Path) -> Iterator[_Entry]:
    for path in _listed(directory):
        if _TREE.match(path.name):
            yield _Entry(path, path.name, _tree_name)


def _tree_name(path: Path) -> str:
    try:
        return tree_name(scan_tree(path).digest)
    except (OSError, UnsupportedEntry, MalformedTree):
        return ""


def _blobs(directory: Path) -> Iterator[_Entry]:
    for above in _listed(directory):
        for path in _listed(above) if above.is_dir() else ():
            if _SHA256.match(path.name.removesuffix("x")):
                yield _Entry(path, path.name.removesuffix("x"), _file_digest)


def _wheels(directory: Path) -> Iterator[_Entry]:
    for above in _named_by_hash(directory):
        for path in _listed(above):
            if path.name.endswith((".whl", ".zip", ".gz")):
                yield _Entry(path, above.name, _file_digest)


def _shared(directory: Path) -> Iterator[_Entry]:
    for path in _listed(directory):
        yield _Entry(path, path.name, _links_name)


def _links_name(path: Path) -> str:
    try:
        rows = found_links(str(path))
    except OSError:
        return ""
    return LinkDirectory(tuple((inside, text) for inside, text in rows if text is not None)).name


def _runfiles(workspace: Path) -> Iterator[_Entry]:
    """The runfiles trees of a workspace. Links of a cache that was copied lead to those of the first one."""
    trees = workspace / "r"
    for above, _, names in os.walk(workspace / "execroot"):
        for name in names:
            program = os.path.join(above, name.removesuffix(STAMP_SUFFIX))
            place = link_text(program + RUNFILES_SUFFIX) if name.endswith(STAMP_SUFFIX) else None
            if place is None or os.path.realpath(os.path.dirname(place)) != os.path.realpath(trees):
                continue
            tree = trees / os.path.basename(place)
            if os.path.lexists(tree):
                stamp = Path(above, name).read_text("ascii", "replace")
                yield _Entry(tree, stamp, functools.partial(_stamp_now, program))


def _stamp_now(program: str, place: Path) -> str:
    return (found_stamp(program) or b"").decode("ascii")


def _file_digest(path: Path) -> str:
    try:
        return digest_of_file(path).sha256
    except OSError:
        return ""


def _named_by_hash(directory: Path) -> list[Path]:
    return [path for path in _listed(directory) if _SHA256.match(path.name)]


def _listed(directory: Path) -> list[Path]:
    return sorted(directory.iterdir()) if directory.is_dir() else []
