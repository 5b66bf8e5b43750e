"""One lock file of a hub, resolved for each configuration that asks."""

from __future__ import annotations

import functools
import os
import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, TypeAlias

import tomli

from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.loading.nearest import did_you_mean
from venvship.model.configuration import Configuration
from venvship.model.platform import Platform, PythonVersion
from venvship.repos.lock_files import read_lock
from venvship.repos.lock_indexes import LockIndexes, expanded
from venvship.repos.package_index import Indexes
from venvship.rules.python.distributions import Component
from venvship.rules.python.runtime import Interpreters
from venvship.rules.python.settings import target_platform
from venvship.session.extensions import LockProject, PackageOverride
from venvship.wheels.flat import RequiresDist, linked
from venvship.wheels.formats import formats_of_uv
from venvship.wheels.freshness import differences, version_difference
from venvship.wheels.lock import (
    DirectorySource,
    EditableSource,
    Lock,
    LockedPackage,
    LockedSdist,
    LockedWheel,
    RegistrySource,
    UrlSource,
    VirtualSource,
)
from venvship.wheels.markers import MarkerEnvironment
from venvship.wheels.pyproject import is_managed, member_patterns, project_name
from venvship.wheels.resolution import NotResolved, Resolution, Root, Roots, reachable_anywhere, resolve
from venvship.wheels.tags import supported_tags
from venvship.wheels.workspace_freshness import harmless_differences, workspace_differences

LockedFile: TypeAlias = tuple[LockedPackage, LockedWheel | LockedSdist]
ReadMetadata: TypeAlias = Callable[[Iterable[LockedFile]], Mapping[str, tuple[RequiresDist, ...]]]
"""What the files of packages need, by name."""


Circumstances: TypeAlias = tuple[Platform, str, str]
"""What a resolution depends on beside the lock: a platform, the full version of Python, and a group."""

_UV_LOCK: Final = "uv.lock"
_PYPROJECT: Final = "pyproject.toml"
_LOCAL: Final = (DirectorySource, EditableSource, VirtualSource)
_HARMLESS: Final = "`{lock}` is not up to date, which changes no choice:\n  {reasons}\n(`venvship lock` mends it)"


class UnknownGroup(UserError):
    """A `dep_group` that no project of the lock has."""

    def __init__(self, group: str, known: Iterable[str]) -> None:
        there = sorted(known)
        listed = ", ".join(f"`{name}`" for name in there) or "none"
        super().__init__(
            f"no project of the lock has the dependency group `{group}`",
            hint=did_you_mean(group, there) or f"there are {listed}",
        )


class StaleLock(UserError):
    """A lock that was made before its project was changed."""

    def __init__(self, pyproject: str, lock: str, reasons: Iterable[str]) -> None:
        lines = "".join(f"\n  {reason}" for reason in reasons)
        super().__init__(
            f"`{lock}` is older than this file:{lines}", place=Place(pyproject), hint="lock again with `venvship lock`"
        )


class LockedProject:
    """A lock file that is read when it is first asked."""

    def __init__(
        self,
        project: LockProject,
        path: Path,
        *,
        shown: str,
        cache: Path,
        interpreters: Interpreters,
        indexes: Indexes,
        said: Callable[[], LockIndexes],
        read_metadata: ReadMetadata,
        read_file: Callable[[str], bytes | None],
        warn: Callable[[str], None] = lambda text: None,
        overrides: Iterable[PackageOverride] = (),
    ) -> None:
        """`overrides` are for this lock and no other, which should have what they change.

        `said` answers what is said of the indexes of this lock.
        """
        self.project = project
        self.path = path
        self.shown = shown
        self._cache = cache
        self._interpreters = interpreters
        self._indexes = indexes
        self._said = said
        self._read_metadata = read_metadata
        self._read_file = read_file
        self._warn = warn
        self._overrides = tuple(overrides)
        self.sha256: str | None = None
        """Of the file, if it was read."""
        self._pyprojects: dict[str, Mapping[str, object] | None] = {}
        self._resolutions: dict[Circumstances, tuple[Resolution, Mapping[str, Component]]] = {}

    @functools.cached_property
    def lock(self) -> Lock:
        seen: list[str] = []
        lock = read_lock(
            self.path,
            shown=self.shown,
            cache=self._cache,
            index=lambda: self._indexes.of_lock(self._said().origin),
            origin=lambda: self._said().origin,
            seen=seen.append,
            expand=lambda text: expanded(text, os.environ),
        )
        if self.path.name == _UV_LOCK:
            shown = posixpath.join(posixpath.dirname(self.shown), _PYPROJECT)
            lock = replace(lock, formats=formats_of_uv(self._pyproject(".") or {}, shown=shown))
        self.sha256 = seen[0]
        stale = [problem for package in lock.packages for problem in self._stale(package, lock)]
        stale += self._stale_workspace(lock)
        if stale:
            raise stale[0] if len(stale) == 1 else SeveralErrors(stale)
        said = self.project.version
        locked = next((package for package in lock.packages if _is_root(package) and package.version is not None), None)
        if said and locked is not None and locked.version != said:
            self._warn(
                f"{self.project.place}: `version` of `uv.project` is `{said}` and has no effect: `{self.shown}` has "
                f"`{locked}`"
            )
        changed = [*self._changed_versions(lock), *self._changed_settings(lock)]
        if changed:
            self._warn(_HARMLESS.format(lock=self.shown, reasons="\n  ".join(changed)))
        for override in self._overrides:
            changed_packages = [
                lock.packages[index]
                for index in lock.by_name.get(override.name, ())
                if override.is_for(lock.packages[index])
            ]
            if not changed_packages:
                self._warn(f"{override.place}: `{self.shown}` has no `{override.shown}`, so nothing is changed")
            elif override.target is None and all(self._directory(one) is not None for one in changed_packages):
                self._warn(
                    f"{override.place}: the override of `{override.name}` has no effect: it is a project of the "
                    "workspace, which no wheel is installed for; name a `target` that stands for it"
                )
            elif override.of_builds and not any(_has_source(package) for package in changed_packages):
                named = ", ".join(f"`{name}`" for name in override.of_builds)
                have = "has" if len(override.of_builds) == 1 else "have"
                self._warn(
                    f"{override.place}: {named} of the override of `{override.name}` {have} no effect: "
                    f"`{self.shown}` has no source of it"
                )
        return lock

    def _changed_versions(self, lock: Lock) -> Iterable[str]:
        """Projects whose versions are others than when the lock was made, as where releases stamp them."""
        for package in lock.packages:
            if isinstance(package.source, _LOCAL):
                document = self._pyproject(package.source.path)
                found = None if document is None else version_difference(document, package)
                if found is not None:
                    yield found

    def _stale(self, package: LockedPackage, lock: Lock) -> Iterable[StaleLock]:
        """What the `pyproject.toml` of a local project asks for that the lock does not know of."""
        if package.declared is None or not isinstance(package.source, _LOCAL):
            return
        document = self._pyproject(package.source.path)
        if document is None:
            return
        reasons = differences(document, package, lock, root=self._pyproject("."))
        if reasons:
            shown = posixpath.normpath(posixpath.join(posixpath.dirname(self.shown), package.source.path))
            yield StaleLock(posixpath.normpath(posixpath.join(shown, "pyproject.toml")), self.shown, reasons)

    def _stale_workspace(self, lock: Lock) -> Iterable[StaleLock]:
        """What the workspace of a `uv.lock` is as a whole, and the lock does not know of."""
        root = self._pyproject(".") if self.path.name == _UV_LOCK else None
        if root is None:
            return
        reasons = [*workspace_differences(self._documents(lock), lock, root=root), *self._changed_members(lock, root)]
        if reasons:
            shown = posixpath.join(posixpath.dirname(self.shown), _PYPROJECT)
            yield StaleLock(shown, self.shown, reasons)

    def _changed_settings(self, lock: Lock) -> Iterable[str]:
        root = self._pyproject(".") if self.path.name == _UV_LOCK else None
        return () if root is None else harmless_differences(self._documents(lock), lock, root=root)

    def _documents(self, lock: Lock) -> dict[str, Mapping[str, object]]:
        """The files of the members of the workspace, by the names that the lock has."""
        return {
            package.name: document
            for package in lock.packages
            if package.name in lock.members
            if isinstance(package.source, _LOCAL)
            if (document := self._pyproject(package.source.path)) is not None
        }

    def _changed_members(self, lock: Lock, root: Mapping[str, object]) -> Iterable[str]:
        directories = self._member_directories(root)
        if directories is None:
            return
        for directory in directories:
            document = self._pyproject(directory) or {}
            name = project_name(document)
            if name is not None and name not in lock.members and is_managed(document):
                yield f"`{name}` at `{directory}` is a member of the workspace and not locked"
        for package in lock.packages:
            if package.name in lock.members and isinstance(package.source, _LOCAL):
                path = posixpath.normpath(package.source.path)
                if path != "." and path not in directories:
                    yield f"`{package.name}` at `{path}` is locked and not a member of the workspace any more"

    def _member_directories(self, root: Mapping[str, object]) -> frozenset[str] | None:
        """The directories that patterns name; None where some of them are left to uv."""
        patterns, left_out = member_patterns(root) or ((), ())
        base = self.path.parent
        plain = [posixpath.normpath(text) for text in patterns]
        if any("**" in text or text.startswith(("/", "..")) for text in plain):
            return None
        found = {path.relative_to(base).as_posix() for text in plain if text != "." for path in base.glob(text)}
        return frozenset(path for path in found if not any(fnmatchcase(path, text.rstrip("/")) for text in left_out))

    def _pyproject(self, directory: str) -> Mapping[str, object] | None:
        """None for one that is not there, which asks for nothing, and for one that uv will complain about."""
        if directory not in self._pyprojects:
            try:
                data = self._read_file(str(self.path.parent / directory / _PYPROJECT))
                self._pyprojects[directory] = None if data is None else tomli.loads(data.decode())
            except (VenvshipError, ValueError, RecursionError):
                self._pyprojects[directory] = None
        return self._pyprojects[directory]

    @functools.cached_property
    def name(self) -> str:
        """What `dep_group` calls the project itself: its tag says so, else its `pyproject.toml`; may be empty."""
        here = (package.name for package in self.lock.packages if _is_root(package))
        return self.project.name or next(here, "")

    def is_group(self, name: str) -> bool:
        """Whether a `dep_group` of that name means this project or a group of it."""
        return name == self.name or name in self.groups

    @functools.cached_property
    def members(self) -> Mapping[str, str]:
        """The projects of the workspace with their directories; one that lies elsewhere is built like any source."""
        names = set(self.lock.members)
        return {
            package.name: directory
            for package in self.lock.packages
            if package.name in names or isinstance(package.source, EditableSource)
            if (directory := self._directory(package)) is not None
        }

    def _directory(self, package: LockedPackage) -> str | None:
        """Where in the workspace a project lies; None for all else."""
        if not isinstance(package.source, EditableSource | VirtualSource):
            return None
        path = posixpath.normpath(posixpath.join(self.project.lock.package.path, package.source.path))
        return None if path.startswith(("/", "../")) else "" if path == "." else path

    def is_virtual(self, name: str) -> bool:
        """Whether a project is not installed itself."""
        return any(isinstance(self.lock.packages[i].source, VirtualSource) for i in self.lock.by_name.get(name, ()))

    @functools.cached_property
    def groups(self) -> frozenset[str]:
        everything = Roots.everything(self.lock)
        conflicting = {item.group for items in self.lock.conflicts for item in items if item.group}
        return frozenset({group for root in everything.members for group in root.groups} | conflicting) | frozenset(
            self.lock.groups
        )

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """All distributions that some target may need, apart from those that only a conflicting choice has."""
        reachable = reachable_anywhere(self.lock, Roots.everything(self.lock))
        return tuple(sorted(reachable - set(self.members)))

    def needed_by(self, group: str) -> frozenset[str]:
        """All distributions that a group itself may need on some target."""
        having = tuple(
            Root(member, groups=(group,), project=False)
            for member in self.lock.members
            if any(group in self.lock.packages[index].dev_dependencies for index in self.lock.by_name.get(member, ()))
        )
        own = Roots(having, script_groups=tuple(one for one in self.lock.groups if one == group))
        return reachable_anywhere(self.lock, own) - set(self.members)

    def environment(self, configuration: Configuration) -> MarkerEnvironment:
        return _environment(target_platform(configuration), self._interpreters.full_version(configuration))

    def resolution(self, configuration: Configuration, group: str) -> Resolution:
        return self._resolved(configuration, group)[0]

    def component(self, name: str, configuration: Configuration, group: str) -> Component:
        """The circle of a distribution; an empty one where markers leave it out on this target."""
        resolution, components = self._resolved(configuration, group)
        if name in resolution.distributions:
            return components[name]
        if name in self.reachable(group):
            return Component((), ())
        having = (other for other in sorted(self.groups) if other != group and name in self.reachable(other))
        raise NotResolved(self.lock.filename, name, having)

    @property
    def circumstances(self) -> Iterable[Circumstances]:
        """Those for which the lock was resolved so far."""
        return tuple(self._resolutions)

    def _resolved(self, configuration: Configuration, group: str) -> tuple[Resolution, Mapping[str, Component]]:
        return self.resolved((target_platform(configuration), self._interpreters.full_version(configuration), group))

    def resolved(self, circumstances: Circumstances) -> tuple[Resolution, Mapping[str, Component]]:
        """The resolution, and the circle of each distribution in it."""
        found = self._resolutions.get(circumstances)
        if found is None:
            platform, version, group = circumstances
            environment = _environment(platform, version)
            tags = supported_tags(platform, PythonVersion.parse(version))
            resolution = resolve(self.lock, roots=self._roots(group), environment=environment, tags=tags)
            if self.lock.flat:
                resolution = linked(resolution, self._requirements(resolution), environment)
            found = self._resolutions[circumstances] = (resolution, _components(resolution))
        return found

    def reachable(self, group: str) -> frozenset[str]:
        """The distributions that may be needed with a group on some target."""
        return reachable_anywhere(self.lock, self._roots(group))

    def _requirements(self, resolution: Resolution) -> Mapping[str, tuple[RequiresDist, ...]]:
        chosen = [(resolution.packages[name], resolution.wheel_of(name)) for name in resolution.distributions]
        return self._read_metadata(
            (package, file) for package, file in chosen if isinstance(file, LockedWheel | LockedSdist)
        )

    def _roots(self, group: str) -> Roots:
        """Every project with everything that does not conflict; with a group, every project and that group only.

        A group that conflicts with others is alone: it is what a `dep_group` chooses among. Projects that it is
        declared to conflict with stay away, too.
        """
        everything = Roots.everything(self.lock)
        if not group or (group == self.name and group not in self.groups):
            return everything
        if group not in self.groups:
            raise UnknownGroup(group, self.groups)
        excluded = {
            item.package
            for items in self.lock.conflicts
            if any(item.group == group for item in items)
            for item in items
            if item.extra is None and item.group is None
        }
        members = []
        for root in everything.members:
            packages = [self.lock.packages[index] for index in self.lock.by_name.get(root.member, ())]
            has = any(group in package.dev_dependencies for package in packages)
            stays_away = root.member in excluded
            extras = () if stays_away else root.extras
            members.append(Root(root.member, extras, (group,) if has else (), project=not stays_away))
        script_groups = tuple(g for g in everything.script_groups if g == group)
        return Roots(tuple(members), everything.script, script_groups, everything.script_extras)


def _components(resolution: Resolution) -> dict[str, Component]:
    """For each distribution, the circle it belongs to (itself alone, usually) and what that needs of others."""
    found: dict[str, Component] = {}
    for members in resolution.components:
        inside = set(members)
        needed = {name for member in members for name in resolution.distributions[member].dependencies}
        component = Component(tuple(members), tuple(sorted(needed - inside)))
        found.update(dict.fromkeys(members, component))
    return found


def _is_root(package: LockedPackage) -> bool:
    """Whether it is the project that lies beside the lock."""
    return isinstance(package.source, EditableSource | VirtualSource) and package.source.path == "."


def _has_source(package: LockedPackage) -> bool:
    """Whether a distribution can be built, of a lock that says so."""
    return package.sdist is not None or not isinstance(package.source, RegistrySource | UrlSource)


def _environment(platform: Platform, version: str) -> MarkerEnvironment:
    return MarkerEnvironment.of(platform, version.removesuffix("t"))
