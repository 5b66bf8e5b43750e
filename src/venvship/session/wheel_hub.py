"""Hubs: the distributions of lock files, resolved for each configuration and fetched together."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from venvship.analysis.configured_target import TargetKey
from venvship.dataclass import dataclass
from venvship.errors import InternalError, UserError, VenvshipError
from venvship.execution.outputs import OutputFile
from venvship.execution.source_state import LazySource
from venvship.host.arrivals import awaited
from venvship.host.machine import cpu_count
from venvship.model.action import RunTool
from venvship.model.artifact import Artifact, Root
from venvship.model.configuration import Configuration
from venvship.model.digest import Digest
from venvship.model.label import Label, PackageId
from venvship.repos.download import Downloads, WantedFile
from venvship.repos.wheel_readers import WheelReaders
from venvship.repos.wheel_store import WheelStore
from venvship.rules.python.distributions import Component, FetchedWheel, ProjectCode, package_name
from venvship.rules.python.runtime import Interpreters
from venvship.session.build_tools import NO_TOOLS, BuildTools
from venvship.session.extensions import PackageOverride
from venvship.session.hub_locks import HubLocks
from venvship.session.hub_packages import HubPackages
from venvship.session.hub_workspace import HubWorkspace, console_scripts, extras
from venvship.session.source_builds import BuiltWheel, SourceBuilds, read_patches
from venvship.session.unpacking_ahead import UnpackingAhead
from venvship.wheels.filename import WheelFilename
from venvship.wheels.lock import LockedWheel
from venvship.wheels.manifest import without


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A file that stands for a distribution in one configuration."""

    sha256: str
    filename: WheelFilename


class LockHub:
    """One hub; it reads its locks when it is first asked, and downloads nothing before `fetch`."""

    def __init__(
        self,
        locks: HubLocks,
        workspace: HubWorkspace,
        *,
        interpreters: Interpreters,
        store: WheelStore,
        downloads: Downloads,
        builds: SourceBuilds,
    ) -> None:
        self.locks = locks
        self.packages = HubPackages(locks, workspace)
        self._workspace = workspace
        self._interpreters = interpreters
        self._store = store
        self._downloads = downloads
        self._builds = builds
        self._built: dict[tuple[str, Configuration], BuiltWheel] = {}

    @property
    def repository(self) -> str:
        return self.locks.repository

    # For rules

    def component(self, project: str, configuration: Configuration) -> Component:
        component = self.locks.component(project, configuration)
        own = tuple(name for name in component.members if self._workspace.code_directory(name) is not None)
        members = tuple(name for name in component.members if name not in own)
        return dataclasses.replace(component, members=members, projects=own)

    def extras(self, project: str, configuration: Configuration) -> Mapping[str, Sequence[Label]]:
        if not any(one.extra_deps or one.extra_data for one in self._workspace.overrides):
            return {}
        locked = self.locks.project_of(project, configuration)
        packages = self.locks.resolution(project, configuration).packages
        circle = self.locks.component(project, configuration).members
        found = extras(one for name in circle for one in self._workspace.overrides_of(name, locked, packages[name]))
        # Who needs one of a circle has all of it.
        packages_inside = {package_name(name): PackageId(self.repository, package_name(name)) for name in circle}
        inside = {Label(package, target) for name, package in packages_inside.items() for target in (name, "pkg")}
        return {name: [label for label in labels if label not in inside] for name, labels in found.items()}

    def toolchains(self, project: str, configuration: Configuration) -> Sequence[Label]:
        if not any(one.toolchains and one.name == project for one in self._workspace.overrides):
            return ()
        resolution = self.locks.resolution(project, configuration)
        if project not in resolution.distributions or isinstance(resolution.wheel_of(project), LockedWheel):
            return ()
        overrides = self._overrides_of(project, configuration)
        return tuple(dict.fromkeys(label for one in overrides for label in one.toolchains))

    def project_code(self, project: str) -> ProjectCode:
        return self._workspace.project_code(project)

    def group(self, configuration: Configuration) -> Sequence[str]:
        return self.locks.asked_by_group(configuration)

    def wheel(self, project: str, configuration: Configuration) -> FetchedWheel | None:
        """The wheel chosen for a configuration, which `fetch` has brought; None where markers leave it out."""
        if self.locks.leaves_out(project, configuration):
            return None
        chosen = self._file(project, configuration)
        manifest = self._store.manifest(chosen.sha256, chosen.filename)
        name = chosen.filename.text
        version = self.locks.resolution(project, configuration).distribution(project).version or manifest.version
        identities = self._store.identities(chosen.sha256, chosen.filename, dist_info=manifest.dist_info)
        path = f"{chosen.sha256}/{name}"
        wheel = FetchedWheel(project, version, name, chosen.sha256, path, manifest, identities)
        overrides = self._overrides_of(project, configuration)
        return self._changed(wheel, [one for one in overrides if one.file in (None, name)])

    def _overrides_of(self, name: str, configuration: Configuration) -> Sequence[PackageOverride]:
        package = self.locks.resolution(name, configuration).packages[name]
        return self._workspace.overrides_of(name, self.locks.project_of(name, configuration), package)

    def _changed(self, wheel: FetchedWheel, overrides: Sequence[PackageOverride]) -> FetchedWheel:
        """The wheel as its overrides want it installed."""
        patches = [patch for one in overrides for patch in read_patches(one.post_install, self._workspace.root)]
        replaced = self._store.patched(wheel.sha256, wheel.filename, patches) if patches else {}
        globs = tuple(dict.fromkeys(glob for one in overrides for glob in one.exclude_globs))
        manifest = without(wheel.manifest, globs) if globs else wheel.manifest
        scripts = console_scripts(overrides)
        if scripts is not None:
            points = dataclasses.replace(manifest.entry_points, console_scripts=scripts)
            manifest = dataclasses.replace(manifest, entry_points=points)
        return dataclasses.replace(
            wheel,
            manifest=manifest,
            identities={path: value for path, value in wheel.identities.items() if path not in replaced}
            if replaced
            else wheel.identities,
            exclude_globs=globs,
            replaced=replaced,
        )

    # For the session

    @property
    def has_built(self) -> bool:
        """Whether a distribution was built from source."""
        return bool(self._built)

    def fetch(
        self,
        wanted: Mapping[TargetKey, str],
        *,
        ahead: UnpackingAhead | None = None,
        tools: Mapping[TargetKey, BuildTools] = {},
    ) -> Mapping[TargetKey, VenvshipError]:
        """Bring the wheels of these distributions, in parallel, and build those that have none.

        What `ahead` says is unpacked as it arrives; `tools` are what toolchains bring to builds.

        Answers those that cannot be had; raises what goes wrong with the transfers, all at once.
        """
        files: dict[WantedFile, list[RunTool]] = {}
        sources: dict[tuple[str, Configuration], TargetKey] = {}
        refused: dict[TargetKey, VenvshipError] = {}
        for key, name in wanted.items():
            if key.configuration is None:
                raise InternalError(f"`{key}` has no configuration")
            try:
                if self.locks.leaves_out(name, key.configuration):
                    continue
                chosen = self.locks.resolution(name, key.configuration).wheel_of(name)
                if isinstance(chosen, LockedWheel):
                    file = self.locks.wanted(name, key.configuration, chosen)
                    actions = files.setdefault(file, [])
                    if ahead is not None:
                        action = self._unpacking(ahead, key, file, self._overrides_of(name, key.configuration))
                        actions += [] if action is None else [action]
                else:
                    sources[(name, key.configuration)] = key
            except UserError as error:
                refused[key] = error
        with WheelReaders(self._store, wheels=len(files)) as readers:

            def read_ahead(file: WantedFile) -> None:
                if file.sha256 is None:
                    return
                filename = WheelFilename.parse(file.filename)
                if ahead is not None and readers:
                    content = self._content(file.sha256, file.filename).output
                    for action in files[file]:
                        ahead.run(action, content, readers.unpacker(file.sha256, filename))
                readers.read(file.sha256, filename)

            self._downloads.fetch(files, then=read_ahead)
        return {**refused, **self._build_all(sources, tools)}

    def _build_all(
        self, sources: Mapping[tuple[str, Configuration], TargetKey], tools: Mapping[TargetKey, BuildTools]
    ) -> Mapping[TargetKey, VenvshipError]:
        """Build these from source, as many at a time as there are processors; answers those that cannot be built."""
        for _, configuration in sources:
            # Threads share what was imported; what is wrong with an interpreter each build says itself.
            with contextlib.suppress(VenvshipError):
                self._interpreters.interpreter(configuration)
        refused: dict[TargetKey, VenvshipError] = {}
        with ThreadPoolExecutor(cpu_count(), "source") as pool:
            try:
                begun = {
                    source: pool.submit(self._build, *source, tools.get(key, NO_TOOLS))
                    for source, key in sources.items()
                }
                for source, building in begun.items():
                    try:
                        self._built[source] = awaited(building)
                    except VenvshipError as error:
                        refused[sources[source]] = error
            except BaseException:
                # The user interrupts us: leaving the block waits for the threads, and these for their processes.
                pool.shutdown(wait=False, cancel_futures=True)
                self._builds.stop()
                raise
        return refused

    def _unpacking(
        self, ahead: UnpackingAhead, key: TargetKey, file: WantedFile, overrides: Iterable[PackageOverride]
    ) -> RunTool | None:
        """The action that will unpack a file, if it is installed as it is."""
        if any(one.exclude_globs or one.post_install.files for one in overrides):
            return None
        archive = Artifact(Root.of_sources(self.repository), f"{file.sha256}/{file.filename}", key.label)
        return ahead.action(key, archive, name=file.project)

    def lazy_source(self, artifact: Artifact) -> LazySource | None:
        """A wheel file as a source whose digest the lock tells; None for artifacts of other repositories."""
        if artifact.root.repository != self.repository or not artifact.is_source:
            return None
        sha256, _, filename = artifact.path.partition("/")
        return self._content(sha256, filename)

    def _content(self, sha256: str, filename: str) -> LazySource:
        path = self._store.path_of(sha256, filename)
        if path is None:
            raise InternalError(f"the wheel {filename} was not fetched before it was used")
        return LazySource(OutputFile(Digest(sha256, path.stat().st_size)), lambda: path)

    # Choices

    def _file(self, name: str, configuration: Configuration) -> _Chosen:
        chosen = self.locks.resolution(name, configuration).wheel_of(name)
        if isinstance(chosen, LockedWheel):
            sha256 = chosen.sha256
            if sha256 is None:
                sha256 = self.locks.wanted(name, configuration, chosen).sha256
            if sha256 is None:
                raise InternalError(f"the wheel {chosen.filename} has no hash and was fetched")
            return _Chosen(sha256, chosen.filename)
        built = self._built.get((name, configuration))
        if built is None:
            raise InternalError(f"`{name}` was not built before it was used")
        return _Chosen(built.sha256, built.filename)

    def _build(self, name: str, configuration: Configuration, tools: BuildTools) -> BuiltWheel:
        project = self.locks.project_of(name, configuration)
        resolution = self.locks.resolution(name, configuration)
        overrides = self._overrides_of(name, configuration)
        return self._builds.build(project, name, resolution, configuration, overrides, tools)
