"""Runfiles: what a program needs beside it when it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import field
from typing import NamedTuple

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset, union
from venvship.model.label import MAIN_RUNFILES_DIRECTORY
from venvship.model.paths import TreePath, join, normalise, parent


@dataclass(frozen=True, slots=True, order=True)
class RunfilesConflict:
    """Two artifacts that want one path, or of which one would lie below the other; None stands for an empty file.

    `path` is where `kept` is, `hidden_path` where `hidden` would be.
    """

    path: TreePath
    kept: Artifact | None
    hidden_path: TreePath
    hidden: Artifact | None

    def __str__(self) -> str:
        is_same = self.path == self.hidden_path
        what = "is claimed twice" if is_same else f"hides `{self.hidden_path}`"
        advice = "" if is_same else "; rename the file or its target, or the directory with its name"
        return (
            f"the runfiles path `{self.path}` {what}: {_named(self.kept)} is used, {_named(self.hidden)} is not{advice}"
        )


def _named(artifact: Artifact | None) -> str:
    return "an empty file" if artifact is None else f"`{artifact.exec_path}` of `{artifact.owner}`"


def told(conflicts: Collection[RunfilesConflict]) -> Iterator[str]:
    """What to say of conflicts: a file where a directory of sources should be is one mistake, however many it hides."""
    hiding = Counter(conflict.path for conflict in conflicts if conflict.path != conflict.hidden_path)
    for conflict in conflicts:
        if conflict.path == conflict.hidden_path:
            yield str(conflict)
        elif count := hiding.pop(conflict.path, 0):
            others = f" ({count} paths are hidden by it)" if count > 1 else ""
            yield f"{conflict}{others}"


class InvalidRunfilesPath(UserError):
    """A link or an empty file of runfiles has a path that no entry of a runfiles tree can have."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"`{path}` is no path of a runfiles tree",
            hint="use a relative path that stays in the tree, such as `directory/name`",
        )
        self.path = path


class RunfilesLink(NamedTuple):
    """An artifact at a place of its own choice in the runfiles tree."""

    path: TreePath
    target: Artifact


@dataclass(frozen=True, slots=True, eq=False)
class Runfiles:
    """Files at their runfiles paths, and files placed elsewhere.

    `symlinks` are placed below the main repository's directory, `root_symlinks` below the root of the tree;
    `empty_filenames` are runfiles paths of empty files.
    """

    files: Depset[Artifact] = field(default_factory=Depset)
    symlinks: Depset[RunfilesLink] = field(default_factory=Depset)
    root_symlinks: Depset[RunfilesLink] = field(default_factory=Depset)
    empty_filenames: Depset[TreePath] = field(default_factory=Depset)

    @property
    def artifacts(self) -> Depset[Artifact]:
        """Everything that must exist for the tree to be laid out; links are joined in, so this costs their number."""
        if not self.symlinks and not self.root_symlinks:
            return self.files
        links = [link.target for link in (*self.symlinks.to_tuple(), *self.root_symlinks.to_tuple())]
        return Depset(links, [self.files])

    def entries(self) -> dict[TreePath, Artifact | None]:
        """Every path of the runfiles tree with the artifact there; None stands for an empty file.

        Conflicts are settled as `settled` says. Raises InvalidRunfilesPath for a path that leaves the tree.
        """
        return self.settled()[0]

    def settled(self) -> tuple[dict[TreePath, Artifact | None], tuple[RunfilesConflict, ...]]:
        """The entries, and the conflicts that were settled to get them.

        Files win over `symlinks`, `root_symlinks` over both, and among equals the later one; a path wins over those
        below it. A directory with bytecode wins over the same without, which is no conflict. `..` is resolved: a file
        of another repository has a `short_path` of the form `../repository/path`.
        """
        entries: dict[TreePath, Artifact | None] = {}
        conflicts: list[RunfilesConflict] = []

        def place(path: TreePath, artifact: Artifact) -> None:
            present = entries.get(path)
            if present is not None and present != artifact:
                if present.without_bytecode == artifact:
                    return
                if artifact.without_bytecode != present:
                    conflicts.append(RunfilesConflict(path, artifact, path, present))
            entries[path] = artifact

        for link in self.symlinks.to_tuple():
            place(runfiles_path(MAIN_RUNFILES_DIRECTORY, link.path), link.target)
        for artifact in self.files.to_tuple():
            place(artifact.runfiles_path, artifact)
        for link in self.root_symlinks.to_tuple():
            place(runfiles_path("", link.path), link.target)
        for path in self.empty_filenames.to_tuple():
            entries.setdefault(runfiles_path("", path), None)
        conflicts += _without_hidden(entries)
        return entries, tuple(conflicts)

    def merge(self, *others: Runfiles) -> Runfiles:
        return Runfiles.merged([self, *others])

    @staticmethod
    def merged(parts: Iterable[Runfiles], *, files: Iterable[Artifact] = ()) -> Runfiles:
        """Join `parts`, and `files` after them."""
        every = [part for part in parts if part is not EMPTY_RUNFILES]
        own = tuple(files)
        if not own and len(every) == 1:
            return every[0]
        return Runfiles(
            files=union((part.files for part in every), direct=own),
            symlinks=union(part.symlinks for part in every),
            root_symlinks=union(part.root_symlinks for part in every),
            empty_filenames=union(part.empty_filenames for part in every),
        )


def _without_hidden(entries: dict[TreePath, Artifact | None]) -> list[RunfilesConflict]:
    """Take away what lies below another entry; what a directory artifact holds anyway is no conflict."""
    hidden: dict[TreePath, TreePath] = {}
    directories: set[str] = set()
    for path in entries:
        passed: list[str] = []
        above = parent(path)
        while above and above not in directories:
            if above in entries:
                hidden[path] = TreePath(above)
            passed.append(above)
            above = parent(above)
        if path not in hidden:
            directories.update(passed)
    conflicts: list[RunfilesConflict] = []
    for path, above in hidden.items():
        conflict = RunfilesConflict(above, entries[above], path, entries[path])
        kept, below = conflict.kept, conflict.hidden
        if kept is None or below is None or below.exec_path != f"{kept.exec_path}{path[len(above) :]}":
            conflicts.append(conflict)
    for path in hidden:
        del entries[path]
    return conflicts


def runfiles_path(directory: str, path: str) -> TreePath:
    """`path` below a directory of the runfiles tree; raises InvalidRunfilesPath for one that leaves it."""
    try:
        placed = normalise(join(directory, path)) if path and not path.startswith("/") else ""
    except ValueError:
        placed = ""
    if not placed or placed == directory or "\0" in placed:
        raise InvalidRunfilesPath(path)
    return TreePath(placed)


EMPTY_RUNFILES = Runfiles()
