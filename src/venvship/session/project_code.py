"""The code of projects of the workspace that no target stands for, as an installer would take it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

import tomli

from venvship.errors import UserError
from venvship.model.paths import join
from venvship.rules.python.distributions import ProjectCode
from venvship.venvs.scripts import FirstPartyDistribution
from venvship.wheels.member_layout import code_root, declared_root, installed_entries

_MODULES = (".py", ".so", ".pyi")
_LEFT_OUT = ("__pycache__", "node_modules")


class NotInstallable(UserError):
    """A project of the workspace that no target stands for, and where no code is found."""

    def __init__(self, name: str, directory: str) -> None:
        super().__init__(
            f"`{name}` is a project of the workspace at `{directory}`, no target there stands for it, and no code is "
            "found where an installer would look",
            hint=f"add a py_library named `{posixpath.basename(directory) or name}` to its BUILD file, or "
            f'`uv.override_package(name = "{name}", lock = …, target = "//…")` to MODULE.bazel',
        )


def read_project_code(
    workspace: Path, directory: str, project: str, distribution: FirstPartyDistribution | None
) -> ProjectCode:
    """Look what the project `project` at `directory` of the workspace holds; raises NotInstallable."""
    base = workspace / directory
    root = code_root(declared_root(_pyproject(base)), has_source_directory=(base / "src").is_dir())
    at = "" if root == "." else root
    host = os.path.join(base, at)
    entries = {entry.name: entry for entry in _entries(host)}
    names = installed_entries(project, root, entries, lambda name: _is_package(entries[name]))
    files = [path for name in names for path in _files(entries[name], join(directory, at, name))]
    if not any(path.endswith(_MODULES) for path in files):
        raise NotInstallable(project, directory)
    return ProjectCode(tuple(sorted(files)), (join(directory, at),), distribution)


def _pyproject(base: Path) -> Mapping[str, object]:
    try:
        return tomli.loads((base / "pyproject.toml").read_bytes().decode())
    except (OSError, ValueError, RecursionError):
        return {}  # whoever asks for the metadata of the project complains


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_package(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and any(
        child.name.endswith(_MODULES) and child.is_file() for child in _entries(entry.path)
    )


def _files(entry: os.DirEntry[str], path: str) -> Iterator[str]:
    """The files at or below an entry; links to directories lead elsewhere and are not followed."""
    pending = [(entry, path)]
    while pending:
        current, at = pending.pop()
        if current.is_dir(follow_symlinks=False):
            if current.name not in _LEFT_OUT and not current.name.startswith("."):
                pending += [(child, f"{at}/{child.name}") for child in _entries(current.path)]
        elif current.is_file() and not current.name.endswith(".pyc"):
            yield at
