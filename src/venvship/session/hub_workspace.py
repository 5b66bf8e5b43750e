"""What a workspace says of the distributions of a hub: its own projects, targets in their place, and overrides."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from venvship.errors import InternalError
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.rules.python.distributions import ProjectCode, package_name
from venvship.rules.python.members import Members
from venvship.session.extensions import PackageOverride
from venvship.session.hub_locks import HubLocks
from venvship.session.locked_project import LockedProject
from venvship.session.project_code import read_project_code
from venvship.wheels.entry_points import EntryPoint
from venvship.wheels.lock import LockedPackage


class HubWorkspace:
    """The workspace at `root` as far as it concerns one hub."""

    def __init__(
        self,
        root: Path,
        locks: HubLocks,
        *,
        members: Members,
        overrides: Iterable[PackageOverride],
        has_target: Callable[[Label], bool],
    ) -> None:
        self.root = root
        self.overrides = tuple(overrides)
        self._locks = locks
        self._members = members
        self._has_target = has_target
        self._targets_of: dict[str, Label | None] = {}
        self._code: dict[str, ProjectCode] = {}

    def target_of(self, name: str) -> Label | None:
        """The target that takes the place of a distribution: an override, or the member's own library."""
        if name not in self._targets_of:
            self._targets_of[name] = self._find_target(name)
        return self._targets_of[name]

    def _find_target(self, name: str) -> Label | None:
        for override in self.overrides:
            if override.target is not None and self._concerns(override, name):
                return override.target
        directory = self._member_directories.get(name)
        return None if directory is None else self._member_target(name, directory)

    @functools.cached_property
    def _member_directories(self) -> Mapping[str, str]:
        """The projects of the workspace with their directories; of several locks the first counts."""
        found: dict[str, str] = {}
        for project in self._locks.projects:
            for name, directory in project.members.items():
                found.setdefault(name, directory)
        return found

    def _member_target(self, name: str, directory: str) -> Label | None:
        package = PackageId(MAIN_REPOSITORY, directory)
        spellings = (posixpath.basename(directory), name, package_name(name), "lib")
        for spelling in dict.fromkeys(text for text in spellings if text):
            if self._has_target(Label(package, spelling)):
                return Label(package, spelling)
        return None

    def code_directory(self, name: str) -> str | None:
        """Where a project of the workspace lies that no target stands for."""
        return self._member_directories.get(name) if self.target_of(name) is None else None

    def overrides_of(self, name: str, project: LockedProject, package: LockedPackage) -> tuple[PackageOverride, ...]:
        """All that is different about one version of a distribution in one lock."""
        return tuple(
            one
            for one in self.overrides
            if one.name == name and one.target is None
            if one.lock in (None, project.project.lock) and one.is_for(package)
        )

    def overrides_of_any(self, name: str) -> list[PackageOverride]:
        """What is different about any version of a distribution that no target stands for."""
        return [one for one in self.overrides if one.target is None and self._concerns(one, name)]

    def _concerns(self, override: PackageOverride, name: str) -> bool:
        """Whether an override is for some version of a distribution of this hub: rules have one set of attributes."""
        return override.name == name and any(
            override.lock in (None, project.project.lock) and override.is_for(project.lock.packages[index])
            for project in self._locks.projects
            for index in project.lock.by_name.get(name, ())
        )

    def project_code(self, project: str) -> ProjectCode:
        """What a project without a target would install; raises NotInstallable."""
        if project not in self._code:
            self._code[project] = self._read_code(project)
        return self._code[project]

    def _read_code(self, project: str) -> ProjectCode:
        directory = self.code_directory(project)
        if directory is None:
            raise InternalError(f"`{project}` is no project without a target")
        if any(locked.is_virtual(project) for locked in self._locks.projects):
            return ProjectCode()  # it has dependencies, and is not installed itself
        distribution = self._members.distribution(PackageId(MAIN_REPOSITORY, directory))
        return read_project_code(self.root, directory, project, distribution)

    def scripts(self, package: PackageId) -> list[str]:
        """The scripts of the project that lies beside the code of a package."""
        project = self._members.distribution(package) if package.repository == MAIN_REPOSITORY else None
        return [] if project is None else [script.name for script in project.scripts()]


def console_scripts(overrides: Iterable[PackageOverride]) -> tuple[EntryPoint, ...] | None:
    """All console scripts of what has these overrides, if one of them says so."""
    said = [one.console_scripts for one in overrides if one.console_scripts is not None]
    return tuple(sorted({point.name: point for points in said for point in points}.values())) if said else None


def extras(overrides: Iterable[PackageOverride]) -> dict[str, tuple[Label, ...]]:
    """By attribute, what overrides add to a distribution."""
    every = tuple(overrides)
    return {
        "extra_deps": tuple(dict.fromkeys(label for one in every for label in one.extra_deps)),
        "extra_data": tuple(dict.fromkeys(label for one in every for label in one.extra_data)),
    }
