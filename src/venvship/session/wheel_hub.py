"""Hubs: the distributions of a lock file, resolved for each configuration and fetched together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from venvship.analysis.configured_target import TargetKey
from venvship.errors import InternalError, UserError, VenvshipError
from venvship.execution.outputs import OutputFile
from venvship.execution.source_state import LazySource
from venvship.loading.nearest import did_you_mean
from venvship.loading.repositories import TargetSpec
from venvship.model.artifact import Artifact
from venvship.model.configuration import DEP_GROUP, Configuration
from venvship.model.digest import Digest
from venvship.model.platform import PythonVersion
from venvship.repos.download import Downloads, WantedFile
from venvship.repos.wheel_store import WheelStore
from venvship.rules.python.distributions import Component, FetchedWheel, hub_targets, package_name
from venvship.rules.python.runtime import Interpreters
from venvship.wheels.lock import Lock, LockedWheel
from venvship.wheels.markers import MarkerEnvironment
from venvship.wheels.resolution import Resolution, Root, Roots, resolve
from venvship.wheels.tags import supported_tags
from venvship.wheels.uv_lock import parse_uv_lock


class NoWheel(UserError):
    """A distribution that has to be built from source."""

    def __init__(self, project: str, version: str | None, lock: str) -> None:
        super().__init__(
            f"`{project} {version or ''}` has no wheel in {lock}, and building from source is not supported yet",
            hint=f"choose a version of {project} with wheels, or build one and add it to the index",
        )


class UnknownGroup(UserError):
    """A `dep_group` that no project of the lock has."""

    def __init__(self, group: str, known: Iterable[str]) -> None:
        super().__init__(
            f"no project of the lock has the dependency group `{group}`", hint=did_you_mean(group, sorted(known))
        )


class LockHub:
    """One hub; it reads its lock when it is first asked, and downloads nothing before `fetch`."""

    def __init__(
        self,
        repository: str,
        lock: Path,
        *,
        shown_lock: str,
        interpreters: Interpreters,
        store: WheelStore,
        downloads: Downloads,
    ) -> None:
        self.repository = repository
        self._path = lock
        self._shown = shown_lock
        self._interpreters = interpreters
        self._store = store
        self._downloads = downloads
        self._lock: Lock | None = None
        self._resolutions: dict[Configuration, Resolution] = {}
        self._components: dict[Configuration, Mapping[str, Component]] = {}

    # For rules

    def component(self, project: str, configuration: Configuration) -> Component:
        resolution = self._resolution(configuration)
        resolution.distribution(project)
        return self._components[configuration][project]

    def wheel(self, project: str, configuration: Configuration) -> FetchedWheel:
        """The wheel chosen for a configuration; `fetch` has brought it."""
        wheel = self._chosen(project, configuration)
        if wheel.sha256 is None:
            raise InternalError(f"the wheel {wheel.filename} has no hash and was fetched")
        manifest = self._store.manifest(wheel.sha256, wheel.filename)
        name = wheel.filename.text
        version = self._resolution(configuration).distribution(project).version or manifest.version
        identities = self._store.identities(wheel.sha256, wheel.filename, dist_info=manifest.dist_info)
        return FetchedWheel(project, version, name, wheel.sha256, f"{wheel.sha256}/{name}", manifest, identities)

    # For loading

    def package(self, path: str) -> Sequence[TargetSpec] | None:
        project = self._projects().get(path)
        if project is None:
            return None
        return [TargetSpec(rule, name, {"project": project}) for rule, name in hub_targets(self, project)]

    def package_paths(self) -> Iterable[str]:
        return self._projects()

    def source(self, path: str) -> bytes | None:
        return None

    # For the session

    @property
    def lock(self) -> Lock:
        if self._lock is None:
            try:
                data = self._path.read_bytes()
            except OSError as error:
                raise UserError(
                    f"cannot read the lock file `{self._shown}`: {error.strerror}", hint="make it with `uv lock`"
                ) from error
            self._lock = parse_uv_lock(data, filename=self._shown)
        return self._lock

    def fetch(self, wanted: Mapping[TargetKey, str]) -> Mapping[TargetKey, VenvshipError]:
        """Bring the wheels of these distributions, in parallel.

        Answers those that have no wheel to bring; raises what goes wrong with the transfers, all at once.
        """
        files: dict[WantedFile, None] = {}
        refused: dict[TargetKey, VenvshipError] = {}
        for key, project in wanted.items():
            if key.configuration is None:
                raise InternalError(f"`{key}` has no configuration")
            try:
                files[self._wanted(project, key.configuration)] = None
            except UserError as error:
                refused[key] = error
        self._downloads.fetch(files)
        return refused

    def _wanted(self, project: str, configuration: Configuration) -> WantedFile:
        resolution = self._resolution(configuration)
        chosen = self._chosen(project, configuration)
        packages = [self.lock.packages[index] for index in self.lock.by_name[project]]
        package = next(package for package in packages if chosen in package.wheels)
        chain = [f"required by {step}" for step in reversed(resolution.path_to(project))]
        return WantedFile.of(package, chosen, lock=self._path, chain=chain)

    def lazy_source(self, artifact: Artifact) -> LazySource | None:
        """A wheel file as a source whose digest the lock tells; None for artifacts of other repositories."""
        if artifact.root.repository != self.repository or not artifact.is_source:
            return None
        sha256, _, filename = artifact.path.partition("/")
        path = self._store.path_of(sha256, filename)
        if path is None:
            raise InternalError(f"the wheel {filename} was not fetched before it was used")
        return LazySource(OutputFile(Digest(sha256, path.stat().st_size)), lambda: path)

    def _projects(self) -> Mapping[str, str]:
        """Packages of the hub with the distribution each stands for; projects of the workspace have none."""
        members = set(self.lock.members)
        return {package_name(name): name for name in sorted(self.lock.by_name) if name not in members}

    def _chosen(self, project: str, configuration: Configuration) -> LockedWheel:
        resolution = self._resolution(configuration)
        chosen = resolution.wheel_of(project)
        if not isinstance(chosen, LockedWheel):
            raise NoWheel(project, resolution.distribution(project).version, self._shown)
        return chosen

    def _resolution(self, configuration: Configuration) -> Resolution:
        found = self._resolutions.get(configuration)
        if found is None:
            version = self._interpreters.full_version(configuration)
            platform = configuration.platform
            found = resolve(
                self.lock,
                roots=self._roots(configuration.get(DEP_GROUP)),
                environment=MarkerEnvironment.of(platform, version),
                tags=supported_tags(platform, PythonVersion.parse(version)),
            )
            self._resolutions[configuration] = found
            self._components[configuration] = _components(found)
        return found

    def _roots(self, group: str) -> Roots:
        """Every project with everything that does not conflict; with a group, every project and that group only."""
        everything = Roots.everything(self.lock)
        if not group:
            return everything
        known = {name for root in everything.members for name in root.groups} | set(everything.script_groups)
        if group not in known:
            raise UnknownGroup(group, known)
        members = [
            Root(root.member, root.extras, tuple(g for g in root.groups if g == group)) for root in everything.members
        ]
        return Roots(tuple(members), everything.script, tuple(g for g in everything.script_groups if g == group))


def _components(resolution: Resolution) -> dict[str, Component]:
    """For each distribution, the circle it belongs to (itself alone, usually) and what that needs of others."""
    found: dict[str, Component] = {}
    for members in resolution.components:
        inside = set(members)
        needed = {name for member in members for name in resolution.distributions[member].dependencies}
        component = Component(tuple(members), tuple(sorted(needed - inside)))
        found.update(dict.fromkeys(members, component))
    return found
