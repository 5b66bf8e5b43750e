"""Takes what a program made into the stores."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping

from venvship.archives.tree import MalformedTree, Tree, TreeDirectory, TreeEntry, TreeFile, TreeLink
from venvship.errors import InternalError
from venvship.execution.exec_root import ExecRoot
from venvship.execution.failures import ActionFailed, MissingOutputs
from venvship.execution.outputs import Output, OutputFile, OutputLink, OutputTree
from venvship.model.action import Action
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.digest import Digest
from venvship.model.paths import ExecPath, TreePath


def collect_outputs(
    action: Action,
    places: Mapping[Artifact, str],
    exec_root: ExecRoot,
    *,
    trees: Mapping[str, Tree] | None = None,
    sealed: Mapping[str, str] | None = None,
    always_executable: bool = False,
    log: str = "",
) -> dict[ExecPath, Output]:
    """Adopt what lies at `places`; raises MissingOutputs, naming all, and ActionFailed for things of another kind.

    `trees` says what directories hold where that is known, and `sealed` of those that are read-only already; the
    others are read and hashed.
    """
    missing = [artifact for artifact, path in places.items() if not os.path.lexists(path)]
    if missing:
        raise MissingOutputs(action, missing, output=log)
    known: dict[str, Tree | str] = {**(trees or {}), **(sealed or {})}
    return {
        artifact.exec_path: _collect(action, artifact, path, exec_root, known.get(path), always_executable, log)
        for artifact, path in places.items()
    }


def _collect(
    action: Action,
    artifact: Artifact,
    path: str,
    exec_root: ExecRoot,
    known: Tree | str | None,
    always_executable: bool,
    log: str,
) -> Output:
    def wrong(found: str) -> ActionFailed:
        return ActionFailed(
            action, f"`{artifact.exec_path}` was declared as a {artifact.kind.value}, but it is {found}", output=log
        )

    mode = os.lstat(path).st_mode
    match artifact.kind:
        case ArtifactKind.SYMLINK:
            if not stat.S_ISLNK(mode):
                raise wrong("no link")
            return OutputLink(os.readlink(path))
        case ArtifactKind.DIRECTORY:
            if not stat.S_ISDIR(mode):
                raise wrong("no directory")
            if isinstance(known, str):
                return OutputTree(exec_root.trees.adopt_sealed(path, known))
            return OutputTree(exec_root.trees.adopt(path, known))
        case ArtifactKind.FILE:
            try:
                followed = os.stat(path)
            except OSError:
                raise wrong("a link that leads nowhere") from None
            if not stat.S_ISREG(followed.st_mode):
                raise wrong("no regular file")
            executable = always_executable or bool(followed.st_mode & 0o111)
            # What a link leads to belongs to somebody else, so it is copied.
            store = exec_root.blobs.add if stat.S_ISLNK(mode) else exec_root.blobs.adopt
            return OutputFile(store(path, executable=executable), executable)


def tree_of_rows(rows: object) -> Tree:
    """Read the rows by which a tool says what a directory holds; raises InternalError for anything else."""
    if not isinstance(rows, list):
        raise InternalError("a tool described a directory by something other than a list")
    try:
        return Tree.of(_entries(rows))
    except (ValueError, MalformedTree) as error:
        raise InternalError(f"a tool described a directory wrongly: {error}") from error


def _entries(rows: Iterable[object]) -> Iterable[TreeEntry]:
    for row in rows:
        match row:
            case [str(path), "link", str(text)]:
                yield TreeLink(TreePath(path), text)
            case [str(path), "directory"]:
                yield TreeDirectory(TreePath(path))
            case [str(path), str(sha256), int(size), bool(executable)]:
                yield TreeFile(TreePath(path), Digest(sha256, size), executable)
            case _:
                raise ValueError(f"unknown row {row!r}")
