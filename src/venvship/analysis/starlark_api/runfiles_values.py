"""Runfiles as values of the language."""

from __future__ import annotations

from collections.abc import Sequence

from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.paths import TreePath
from venvship.model.runfiles import InvalidRunfilesPath, Runfiles, RunfilesLink, runfiles_path
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.values import DICTS

NO_LINKS: Depset[RunfilesLink] = Depset()


def read_links(value: Value, parameter: str, *, below: str) -> Depset[RunfilesLink]:
    """Links given as a dict from paths to files, or as a depset of links; `below` is where in the tree they lie."""
    if value is None:
        return NO_LINKS
    if isinstance(value, Depset):
        return value
    if type(value) not in DICTS:
        raise EvaluationError(f"{parameter}: got {type_name(value)}, want dict or depset")
    links = []
    for path, file in entries(value):
        if type(path) is not str or not isinstance(file, Artifact):
            raise EvaluationError(
                f"{parameter}: got dict<{type_name(path)}, {type_name(file)}>, want dict<string, File>"
            )
        try:
            runfiles_path(below, path)
        except InvalidRunfilesPath as error:
            raise EvaluationError(f"{parameter}: {error.message}", hint=error.hint) from error
        links.append(RunfilesLink(TreePath(path), file))
    return Depset(links) if links else NO_LINKS


def _merge(runfiles: Runfiles, other: Runfiles, /) -> Runfiles:
    return Runfiles.merged([runfiles, other])


def _merge_all(runfiles: Runfiles, others: Sequence[Runfiles], /) -> Runfiles:
    return Runfiles.merged([runfiles, *others])


register(
    Runfiles,
    HostType(
        name="runfiles",
        fields={
            "files": lambda runfiles: runfiles.files,
            "symlinks": lambda runfiles: runfiles.symlinks,
            "root_symlinks": lambda runfiles: runfiles.root_symlinks,
            "empty_filenames": lambda runfiles: runfiles.empty_filenames,
        },
        methods={"merge": _merge, "merge_all": _merge_all},
        hashable=True,
    ),
)
register(
    RunfilesLink,
    HostType(
        name="SymlinkEntry",
        fields={"path": lambda link: link.path, "target_file": lambda link: link.target},
        hashable=True,
    ),
)
