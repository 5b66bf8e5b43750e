"""Members of the workspace: what the `pyproject.toml` beside a BUILD file says of the code there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import tomli

from venvship.errors import Place, UserError
from venvship.model.label import MAIN_REPOSITORY, PackageId
from venvship.model.paths import join
from venvship.venvs.scripts import FirstPartyDistribution

_FILE = "pyproject.toml"
_LOCK = "uv.lock"
_MOST_BYTES = 4 << 20


class UnreadableProject(UserError):
    """A `pyproject.toml` that is no TOML, or says something else than it may."""


class WorkspaceMembers:
    """Reads the files of packages when they are first asked for.

    A member whose own file leaves the version to a build has the one that the lock of the workspace's root knows.
    """

    def __init__(self, directory_of: Callable[[str], Path], read_file: Callable[[str], bytes | None]) -> None:
        """`read_file` answers None for what is no file."""
        self._directory_of = directory_of
        self._read_file = read_file
        self._known: dict[PackageId, FirstPartyDistribution | None] = {}

    def distribution(self, package: PackageId) -> FirstPartyDistribution | None:
        if package not in self._known:
            self._known[package] = self._read(package)
        return self._known[package]

    @functools.cached_property
    def _locked_versions(self) -> Mapping[str, str]:
        """The versions of members by directory."""
        # Locks are read with `packaging`, which costs as much to import as all that makes graphs.
        from venvship.wheels.lock import EditableSource
        from venvship.wheels.uv_lock import parse_uv_lock

        path = self._directory_of(MAIN_REPOSITORY) / _LOCK
        try:
            lock = parse_uv_lock(path.read_bytes(), filename=_LOCK)
        except FileNotFoundError:
            return {}
        return {
            "" if package.source.path == "." else package.source.path: package.version
            for package in lock.packages
            if isinstance(package.source, EditableSource) and package.version is not None
        }

    def _read(self, package: PackageId) -> FirstPartyDistribution | None:
        shown = join(package.path, _FILE)
        data = self._read_file(str(self._directory_of(package.repository) / shown))
        if data is None:
            return None
        if len(data) > _MOST_BYTES:
            raise UnreadableProject(f"`{shown}` is too large for what it is", place=Place(shown))
        try:
            project = tomli.loads(data.decode()).get("project")
        except (UnicodeDecodeError, tomli.TOMLDecodeError, RecursionError) as error:
            raise UnreadableProject(f"`{shown}` is no TOML: {error}", place=Place(shown)) from error
        if not isinstance(project, dict) or not isinstance(project.get("name"), str):
            return None
        version = project.get("version")
        if version is None and package.repository == MAIN_REPOSITORY:
            version = self._locked_versions.get(package.path)
        if not isinstance(version, str):
            return None
        groups = {
            "console_scripts": _texts(project, "scripts", shown),
            "gui_scripts": _texts(project, "gui-scripts", shown),
        }
        others = project.get("entry-points", {})
        for group in others if isinstance(others, dict) else ():
            groups[str(group)] = _texts(others, group, shown)
        points = tuple((group, tuple(sorted(found.items()))) for group, found in sorted(groups.items()) if found)
        return FirstPartyDistribution(project["name"], version, points)


def _texts(table: Mapping[str, object], name: str, shown: str) -> dict[str, str]:
    found = table.get(name, {})
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise UnreadableProject(f"`{name}` of `{shown}` must be a table of texts", place=Place(shown))
    return {str(key): str(value) for key, value in found.items()}
