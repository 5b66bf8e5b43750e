"""The locks of a hub: which of them a configuration means, and what that one gives it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from venvship.errors import UserError
from venvship.model.configuration import DEP_GROUP, Configuration
from venvship.model.platform import PythonVersion
from venvship.repos.download import WantedFile
from venvship.rules.python.distributions import Component, package_name
from venvship.rules.python.runtime import Interpreters
from venvship.session.locked_project import LockedProject, UnknownGroup
from venvship.wheels.lock import LockedWheel
from venvship.wheels.resolution import NotResolved, Requirer, Resolution


class AmbiguousLock(UserError):
    """Several locks of a hub have a distribution, and nothing chooses among them."""

    def __init__(self, hub: str, name: str, locks: Iterable[str]) -> None:
        super().__init__(
            f"`{name}` is in several locks of the hub `{hub}`: {', '.join(f'`{lock}`' for lock in locks)}",
            hint="choose one with `dep_group`, which may be a group or the name of a project",
        )


class LockedForOthers(UserError):
    """A distribution is in locks that are for other Python versions or platforms than the one that is built for."""

    def __init__(self, name: str, built_for: str, locks: Iterable[LockedProject]) -> None:
        lines = [f"  `{lock.shown}` is for {lock.project.meant_for}" for lock in locks]
        super().__init__(
            "\n".join([f"`{name}` is not locked for {built_for}:", *lines]),
            hint="choose what to build for with `is_default = True` of a Python toolchain in MODULE.bazel, "
            "`python_version` of the target or `--platforms`; or name a lock for this one too",
        )


class HubLocks:
    """The locks that fill one hub; each is read when something is first asked of it."""

    def __init__(self, repository: str, projects: Iterable[LockedProject], interpreters: Interpreters) -> None:
        self.repository = repository
        self.projects = tuple(projects)
        self._interpreters = interpreters

    @functools.cached_property
    def names(self) -> Mapping[str, str]:
        """Packages of the hub with the distribution each stands for; projects of the workspace are among them."""
        return {package_name(name): name for p in self.projects for name in sorted(p.lock.by_name)}

    def group_members(self) -> Mapping[str, set[str]]:
        """What each group may need on some target, and each project by its name."""
        found: dict[str, set[str]] = {}
        for project in self.projects:
            if project.name:
                found.setdefault(project.name, set()).update(project.names)
            for group in project.groups:
                found.setdefault(group, set()).update(project.needed_by(group))
        return found

    def project_of(self, name: str, configuration: Configuration) -> LockedProject:
        """The lock that a distribution is taken from; raises UserError where none or several have it."""
        fitting = self._candidates(configuration)
        having = [project for project in fitting if name in project.lock.by_name]
        if len(having) == 1:
            return having[0]
        if having:
            raise AmbiguousLock(self.repository, name, (project.shown for project in having))
        unfit = set(self.projects).difference(self._fitting(configuration))
        others = [project for project in self.projects if project in unfit and name in project.lock.by_name]
        if others:
            version = PythonVersion.parse(self._interpreters.full_version(configuration))
            raise LockedForOthers(name, f"Python {version} on {_platform_name(configuration)}", others)
        raise NotResolved((fitting or self.projects)[0].shown, name)

    def resolution(self, name: str, configuration: Configuration) -> Resolution:
        """All of the lock that a distribution is taken from, resolved."""
        project = self.project_of(name, configuration)
        return project.resolution(configuration, self._group(project, configuration))

    def component(self, name: str, configuration: Configuration) -> Component:
        """What a distribution is in a circle with, and needs; raises NotResolved for one that none needs."""
        project = self.project_of(name, configuration)
        return project.component(name, configuration, self._group(project, configuration))

    def leaves_out(self, name: str, configuration: Configuration) -> bool:
        """Whether a distribution is for other targets only; raises NotResolved for one that none needs."""
        if name in self.resolution(name, configuration).distributions:
            return False
        self.component(name, configuration)
        return True

    def wanted(self, name: str, configuration: Configuration, wheel: LockedWheel) -> WantedFile:
        """The file that was chosen for a distribution, and who needs it."""
        resolution = self.resolution(name, configuration)
        chain = [f"required by {step}" for step in reversed(resolution.path_to(name))]
        lock = self.project_of(name, configuration).path
        return WantedFile.of(resolution.packages[name], wheel, lock=lock, chain=chain)

    def asked_by_group(self, configuration: Configuration) -> Sequence[str]:
        """What the active dependency group asks for itself, of distributions that this target gets."""
        group = configuration.get(DEP_GROUP)
        names: dict[str, None] = {}
        for project in self._candidates(configuration):
            resolution = project.resolution(configuration, self._group(project, configuration))
            if group and group in project.groups:
                asked = [name for (_, g), found in resolution.groups.items() if g == group for name in found]
            else:
                asked = [n for n, node in resolution.distributions.items() if _is_direct(node.required_by, project)]
            names.update(dict.fromkeys(name for name in asked if name not in project.members))
        return tuple(names)

    def _fitting(self, configuration: Configuration) -> list[LockedProject]:
        """The locks for the Python and the platform of a configuration."""
        version = PythonVersion.parse(self._interpreters.full_version(configuration))
        platform = _platform_name(configuration)
        every = [p for p in self.projects if p.project.python_version in (None, version)]
        own = [p for p in every if any(fnmatchcase(platform, pattern) for pattern in p.project.platforms)]
        return own or [p for p in every if not p.project.platforms]

    def _candidates(self, configuration: Configuration) -> list[LockedProject]:
        """The locks that a configuration may mean: the fitting ones, and of its group if any."""
        fitting = self._fitting(configuration)
        group = configuration.get(DEP_GROUP)
        if group:
            having = [p for p in fitting if p.is_group(group)]
            if not having:
                names = {p.name for p in fitting if p.name}
                raise UnknownGroup(group, names.union(*(p.groups for p in fitting)))
            return having
        return fitting

    def _group(self, project: LockedProject, configuration: Configuration) -> str:
        group = configuration.get(DEP_GROUP)
        return "" if group == project.name and group not in project.groups else group


def _platform_name(configuration: Configuration) -> str:
    return f"{configuration.platform.os.value}_{configuration.platform.cpu.value}"


def _is_direct(requirers: Iterable[Requirer], project: LockedProject) -> bool:
    return any(not requirer.name or requirer.name in project.members for requirer in requirers)
