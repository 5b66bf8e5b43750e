"""Runfiles: what a program needs beside it when it runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from venvship.errors import UserError
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset, union
from venvship.model.label import MAIN_RUNFILES_DIRECTORY
from venvship.model.paths import TreePath, join, normalise, parent


class RunfilesConflict(UserError):
    """Two artifacts want one path of a runfiles tree, or one lies below another that is no directory of the tree."""

    def __init__(self, conflicts: Iterable[tuple[TreePath, str, str]]) -> None:
        lines = [f"  {path}: {first} and {second}" for path, first, second in sorted(conflicts)]
        super().__init__(
            "these runfiles paths are claimed twice:\n" + "\n".join(lines),
            hint="rename one of the files, or remove one of the targets from data or deps",
        )


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
        links = [link.target for link in (*self.symlinks.to_tuple(), *self.root_symlinks.to_tuple())]
        return Depset(links, [self.files]) if links else self.files

    def entries(self) -> dict[TreePath, Artifact | None]:
        """Every path of the runfiles tree with the artifact there; None stands for an empty file.

        Raises RunfilesConflict when two different artifacts claim one path or one path is a directory of another, and
        InvalidRunfilesPath for a path that leaves the tree. `..` is resolved: a file of another repository has a
        `short_path` of the form `../repository/path`.
        """
        entries: dict[TreePath, Artifact | None] = {}
        conflicts: set[tuple[TreePath, str, str]] = set()

        def place(path: TreePath, artifact: Artifact | None) -> None:
            present = entries.setdefault(path, artifact)
            if present is not None and artifact is not None and present != artifact:
                conflicts.add((path, present.exec_path, artifact.exec_path))

        for artifact in self.files.to_tuple():
            place(artifact.runfiles_path, artifact)
        for link in self.symlinks.to_tuple():
            place(_placed(MAIN_RUNFILES_DIRECTORY, link.path), link.target)
        for link in self.root_symlinks.to_tuple():
            place(_placed("", link.path), link.target)
        for path in self.empty_filenames.to_tuple():
            entries.setdefault(_placed("", path), None)
        directories: set[str] = set()
        for path in entries:
            above = parent(path)
            while above and above not in directories:
                directories.add(above)
                if above in entries:
                    blocker = entries[TreePath(above)]
                    conflicts.add((TreePath(above), blocker.exec_path if blocker else "an empty file", path))
                above = parent(above)
        if conflicts:
            raise RunfilesConflict(conflicts)
        return entries

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


def _placed(directory: str, path: str) -> TreePath:
    try:
        placed = normalise(join(directory, path)) if path and not path.startswith("/") else ""
    except ValueError:
        placed = ""
    if not placed or placed == directory or "\0" in placed:
        raise InvalidRunfilesPath(path)
    return TreePath(placed)


EMPTY_RUNFILES = Runfiles()
