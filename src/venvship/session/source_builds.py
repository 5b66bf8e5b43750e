"""Wheels of distributions that their index has as source only, built once for the same inputs."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from venvship.analysis.make_variables import configuration_variables
from venvship.blobs.disk import digest_of_file
from venvship.dataclass import dataclass
from venvship.errors import InternalError, Place, UserError, VenvshipError
from venvship.events.build_events import EventSink, Message, PhaseProgress, Severity
from venvship.execution.trees import TreeStore, scan_tree
from venvship.host.files import remove_stale, write_atomically
from venvship.host.machine import cpu_count, memory_size
from venvship.host.processes import Children
from venvship.host.sandbox import Isolation
from venvship.loading.workspace import path_of
from venvship.model.configuration import Configuration
from venvship.model.digest import Digest
from venvship.model.paths import join
from venvship.model.platform import Platform, PythonVersion
from venvship.repos.download import Downloads, WantedFile
from venvship.repos.git import LargeFiles, check_out
from venvship.repos.source_build import BuildFailed, BuildPatch, BuildSystem, SourceBuild
from venvship.repos.unpacking import archive_kind, unpack
from venvship.repos.urls import without_credentials
from venvship.repos.wheel_store import WheelStore
from venvship.rules.python.runtime import ImportedInterpreter, Interpreters
from venvship.rules.python.settings import target_platform
from venvship.session.annotations import BuildAnnotations
from venvship.session.build_tools import BuildTools
from venvship.session.extensions import DEFAULT_BUILD_DEPENDENCIES, PackageOverride, Patches
from venvship.session.locked_project import LockedProject
from venvship.session.reservations import Reservations, Resources, needed
from venvship.wheels.build_set import BuildTool, MissingBuildRequirement, build_set
from venvship.wheels.filename import WheelFilename
from venvship.wheels.flat import RequiresDist, parse_requires_dist
from venvship.wheels.lock import (
    DirectorySource,
    EditableSource,
    GitSource,
    LockedSdist,
    LockedWheel,
    RegistrySource,
    UrlSource,
)
from venvship.wheels.resolution import Resolution

_FORMAT = 2
"""Raised when a build of the same inputs would give another wheel."""
_ROUNDS = 3
_VERSION_VARIABLES: Final = ("PBR_VERSION", "PDM_BUILD_SCM_VERSION", "SETUPTOOLS_SCM_PRETEND_VERSION")
_DAY = 86_400.0


class CrossBuild(UserError):
    """A build from source for another kind of machine than this one."""

    def __init__(self, project: str, target: Platform, host: Platform, chain: Iterable[str]) -> None:
        wanted, here = str(target), str(host)
        if wanted == here:
            wanted, here = f"{wanted} with {target.libc.value}", f"{here} with {host.libc.value}"
        super().__init__(
            f"`{project}` has no wheel for {wanted}, and a build from source on this machine makes one for {here}",
            chain=chain,
            hint=f"lock a version that has a wheel for {wanted}, or build on such a machine",
        )


class NotBuildable(UserError):
    """A distribution whose source is not one that wheels are built from."""


@dataclass(frozen=True, slots=True)
class BuiltWheel:
    """A wheel in the store that was built here."""

    sha256: str
    filename: WheelFilename


class SourceBuilds:
    """Builds, and remembers by inputs what was built; several threads may build at once."""

    def __init__(
        self,
        *,
        root: Path,
        workspace: Path,
        store: WheelStore,
        downloads: Downloads,
        interpreters: Interpreters,
        trees: TreeStore,
        children: Children,
        isolation: Callable[[], Isolation],
        host: Platform,
        events: EventSink,
        annotations: Callable[[LockedProject], BuildAnnotations],
    ) -> None:
        self._root = root
        self._workspace = workspace
        self._store = store
        self._downloads = downloads
        self._interpreters = interpreters
        self._trees = trees
        self._children = children
        self._isolation = isolation
        self._host = host
        self._events = events
        self._annotations = functools.cache(annotations)
        self._reservations = Reservations(Resources(cpu_count(), memory_size()))

    def stop(self) -> None:
        """End what is being built."""
        self._children.kill_all()

    def build(
        self,
        project: LockedProject,
        name: str,
        resolution: Resolution,
        configuration: Configuration,
        overrides: Sequence[PackageOverride],
        tools: BuildTools,
    ) -> BuiltWheel:
        """The wheel of a distribution; raises what keeps it from being built. `tools` are what its toolchains bring."""
        chain = tuple(f"required by {step}" for step in reversed(resolution.path_to(name)))
        shown = str(resolution.distribution(name))
        platform = target_platform(configuration)
        if (platform.os, platform.cpu, platform.libc) != (self._host.os, self._host.cpu, self._host.libc):
            raise CrossBuild(shown, platform, self._host, chain)
        interpreter = self._interpreters.interpreter(configuration)
        source = _Source(project, name, resolution, chain)
        wanted = _Wanted(
            self._patches(overrides),
            tools.environment(overrides, configuration_variables(configuration)),
            {name: texts for one in overrides for name, texts in one.config_settings.items()},
            monitors_memory=any(one.monitors_memory for one in overrides),
            tools=tools,
        )
        inputs = {
            "format": _FORMAT,
            "source": self._identity(source),
            "interpreter": str(interpreter.tree),
            "platform": str(self._host),
            "libc": [*self._host.libc_version],
            "needs": self._named(source),
            **wanted.identity,
        }
        note = self._root / "built" / f"{hashlib.sha256(json.dumps(inputs).encode()).hexdigest()}.json"
        kept = self._kept(note, source, configuration)
        if kept is not None:
            return kept
        try:
            with self._reservations.reserved(needed(one.resources for one in overrides)):
                self._events.emit(PhaseProgress(0, None, f"Building {shown} from source"))
                built, needs = self._build(source, configuration, interpreter, wanted)
        except VenvshipError as error:
            error.chain = error.chain or chain
            raise
        document = {
            "sha256": built.sha256,
            "filename": built.filename.text,
            "needs": [need.line for need in needs],
            "tools": _identities(self._tools(source, configuration, needs)),
        }
        note.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(note, json.dumps(document).encode())
        return built

    def _kept(self, note: Path, source: _Source, configuration: Configuration) -> BuiltWheel | None:
        """What was built, if the same tools would build it again: of a lock only these count."""
        try:
            document = json.loads(note.read_bytes())
            built = BuiltWheel(str(document["sha256"]), WheelFilename.parse(document["filename"]))
            needs = [parse_requires_dist(line) for line in document["needs"]]
            if document["tools"] != _identities(self._tools(source, configuration, needs)):
                return None
        except (OSError, ValueError, TypeError, LookupError, MissingBuildRequirement):
            return None  # not built yet, or a note that was cut off
        return built if self._store.path_of(built.sha256, built.filename.text) is not None else None

    def _build(
        self,
        source: _Source,
        configuration: Configuration,
        interpreter: ImportedInterpreter,
        wanted: _Wanted,
    ) -> tuple[BuiltWheel, list[RequiresDist]]:
        """The wheel, and what was needed to build it."""
        version = PythonVersion.parse(interpreter.full_version)
        scratch = self._root / "builds"
        scratch.mkdir(parents=True, exist_ok=True)
        remove_stale(str(scratch), older_than_seconds=_DAY, now=_now())
        build = SourceBuild(
            source.shown,
            python=self._trees.path_of(interpreter.tree) / "bin" / version.directory,
            python_version=version.directory.removeprefix("python"),
            children=self._children,
            isolation=self._isolation(),
            visible=(str(self._root), *wanted.tools.roots),
            environment={**_told_version(source), **wanted.environment},
            directory=scratch,
            files=wanted.tools.files,
            monitors_memory=wanted.monitors_memory,
            settings=wanted.settings,
        )
        try:
            self._bring(source, build)
            build.patch(wanted.patches)
            system = build.build_system()
            needs = self._install_tools(source, configuration, build, system)
            wheel, filename = build.build(system)
            if filename.distribution != source.name:
                raise BuildFailed(source.shown, f"its build made `{filename}`", log="")
            if wanted.monitors_memory:
                self._tell_memory(source.shown, build.peak_memory)
            return self._take(wheel, filename), needs
        finally:
            build.close()

    def _tell_memory(self, shown: str, peak: int | None) -> None:
        had = "can't be told on this machine" if peak is None else f"was {peak >> 20} MiB, of all processes together"
        self._events.emit(Message(Severity.INFO, f"the most memory that building `{shown}` took {had}"))

    def _bring(self, source: _Source, build: SourceBuild) -> None:
        """Fill the source directory of a build."""
        chosen = source.chosen
        match chosen:
            case LockedSdist():
                path = self._downloads.fetch([source.wanted()])[source.wanted()]
                unpack(path, build.source, kind=archive_kind(chosen.filename), shown=chosen.filename)
                locked = source.resolution.packages[source.name].source
                if isinstance(locked, UrlSource) and locked.subdirectory:
                    build.use_subdirectory(locked.subdirectory)
            case GitSource(url, commit, subdirectory, large_files=large_files):
                target = build.source / source.name
                target.mkdir()
                kept = LargeFiles.FILLED_IN if large_files else LargeFiles.LEFT
                check_out(url, commit, target, children=self._children, large_files=kept)
                if subdirectory:
                    build.use_subdirectory(subdirectory)
            case DirectorySource(path) | EditableSource(path):
                origin = source.project.path.parent / path
                if not origin.is_dir():
                    raise NotBuildable(f"`{source.shown}` is locked as the directory `{path}`, which does not exist")
                shutil.copytree(origin, build.source / source.name, symlinks=True, ignore=_left_behind)
            case _:
                raise NotBuildable(f"`{source.shown}` is a virtual project, which is not installed")

    def _install_tools(
        self, source: _Source, configuration: Configuration, build: SourceBuild, system: BuildSystem
    ) -> list[RequiresDist]:
        named = (parse_requires_dist(name) for name in self._named(source))
        needs = [*system.requires, *named]
        installed: set[str] = set()
        for _ in range(_ROUNDS):
            tools = self._tools(source, configuration, needs)
            missing = [tool for tool in tools if tool.package.name not in installed]
            self._install(source, missing, build)
            installed.update(tool.package.name for tool in missing)
            more = [need for need in build.requirements(system) if need not in needs]
            if not more:
                return needs
            needs += more
        raise BuildFailed(source.shown, "its backend asks for something else each time", log="")

    def _tools(
        self, source: _Source, configuration: Configuration, needs: Iterable[RequiresDist]
    ) -> tuple[BuildTool, ...]:
        return build_set(
            source.project.lock,
            needs,
            project=source.shown,
            preferred=source.resolution.packages,
            environment=source.project.environment(configuration),
            tags=source.resolution.tags,
        )

    def _install(self, source: _Source, tools: Iterable[BuildTool], build: SourceBuild) -> None:
        chain = [f"builds {source.shown}", *source.chain]
        lock = source.project.path
        wanted = [WantedFile.of(tool.package, tool.wheel, lock=lock, chain=chain) for tool in tools]
        paths = self._downloads.fetch(wanted)
        for file in wanted:
            build.install(paths[file])

    def _take(self, wheel: Path, filename: WheelFilename) -> BuiltWheel:
        sha256 = digest_of_file(str(wheel)).sha256
        with self._store.partial(sha256) as partial:
            if self._store.path_of(sha256, filename.text) is None:
                shutil.copyfile(wheel, partial)
                self._store.adopt(partial, sha256, filename.text)
        return BuiltWheel(sha256, filename)

    def _identity(self, source: _Source) -> str:
        """What says which source it is."""
        match source.chosen:
            case LockedSdist():
                wanted = source.wanted()
                if wanted.sha256 is None:
                    self._downloads.fetch([wanted])  # raises, because nothing tells whether it is right
                return f"sdist {wanted.sha256}"
            case GitSource(url, commit, subdirectory, large_files=large_files):
                with_large_files = " lfs" if large_files else ""
                return f"git {without_credentials(url)} {commit} {subdirectory}{with_large_files}"
            case DirectorySource(path) | EditableSource(path):
                origin = source.project.path.parent / path
                return f"directory {Digest.of(scan_tree(origin).encode())}" if origin.is_dir() else "directory"
            case _:
                return ""

    def _named(self, source: _Source) -> list[str]:
        """What the workspace says is needed besides: names of the lock, or of annotations."""
        project = source.project
        version = source.resolution.packages[source.name].version
        annotated = self._annotations(project).build_dependencies(source.name, version)
        found = [_build_dependency(text, project.project.place) for text in project.project.build_dependencies]
        # What drives a build is nothing that this one needs.
        needed = (
            one.line for one in found if one.name in project.lock.by_name or one.name not in DEFAULT_BUILD_DEPENDENCIES
        )
        return sorted({*needed, *annotated})

    def _patches(self, overrides: Iterable[PackageOverride]) -> list[BuildPatch]:
        return [patch for one in overrides for patch in read_patches(one.pre_build, self._workspace)]


def _build_dependency(text: str, place: Place) -> RequiresDist:
    try:
        return parse_requires_dist(text)
    except ValueError as error:
        raise UserError(f"`default_build_dependencies`: {error}", place=place) from None


def _identities(tools: Iterable[BuildTool]) -> list[str]:
    return [f"{tool.wheel.filename} {tool.wheel.sha256}" for tool in tools]


def _told_version(source: _Source) -> dict[str, str]:
    """For backends that ask git for the version: a source that is no archive of an index has nobody to ask."""
    package = source.resolution.packages[source.name]
    if package.version is None or isinstance(package.source, RegistrySource):
        return {}
    return dict.fromkeys(_VERSION_VARIABLES, package.version)


def read_patches(patches: Patches, workspace: Path) -> list[BuildPatch]:
    """The patch files that a tag names; raises UserError for one that is not there."""
    found = []
    for label in patches.files:
        path = path_of(label, workspace)
        try:
            found.append(BuildPatch(path.read_bytes(), patches.strip, join(label.package.path, label.name)))
        except OSError as error:
            raise UserError(f"can't read the patch `{label}`: {error.strerror}") from error
    return found


def _left_behind(directory: str, names: list[str]) -> list[str]:
    return [name for name in names if name in (".git", ".venv", "__pycache__", "node_modules", ".tox")]


def _now() -> float:
    import time

    return time.time()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """How a build differs from any other of its source."""

    patches: Sequence[BuildPatch]
    environment: Mapping[str, str]
    settings: Mapping[str, Sequence[str]]
    monitors_memory: bool
    tools: BuildTools

    @property
    def identity(self) -> dict[str, object]:
        found: dict[str, object] = {
            "patches": [[patch.strip, hashlib.sha256(patch.content).hexdigest()] for patch in self.patches],
            "environment": self.environment,
        }
        # What was built before any of these was known is the same still.
        more = {"settings": self.settings, "tools": self.tools.identity, "memory": self.monitors_memory}
        return found | {name: value for name, value in more.items() if value}


@dataclass(frozen=True, slots=True)
class _Source:
    project: LockedProject
    name: str
    resolution: Resolution
    chain: tuple[str, ...]

    @property
    def shown(self) -> str:
        return str(self.resolution.distribution(self.name))

    @property
    def chosen(self) -> object:
        chosen = self.resolution.wheel_of(self.name)
        if isinstance(chosen, LockedWheel):
            raise InternalError(f"`{self.shown}` has a wheel and is built from source")
        return chosen

    def wanted(self) -> WantedFile:
        chosen = self.chosen
        assert isinstance(chosen, LockedSdist)
        package = self.resolution.packages[self.name]
        return WantedFile.of(package, chosen, lock=self.project.path, chain=self.chain)
