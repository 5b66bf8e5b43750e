"""Hubs: the distributions of lock files, resolved for each configuration and fetched together."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path

from venvship.analysis.configured_target import TargetKey
from venvship.dataclass import dataclass
from venvship.errors import InternalError, UserError, VenvshipError
from venvship.execution.outputs import OutputFile
from venvship.execution.source_state import LazySource
from venvship.host.arrivals import awaited
from venvship.host.machine import cpu_count
from venvship.loading.repositories import BuildText, TargetsByName, TargetSpec
from venvship.loading.workspace import path_of
from venvship.model.action import RunTool
from venvship.model.artifact import Artifact, Root
from venvship.model.configuration import DEP_GROUP, Configuration
from venvship.model.digest import Digest
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.platform import PythonVersion
from venvship.repos.download import Downloads, WantedFile
from venvship.repos.wheel_readers import WheelReaders
from venvship.repos.wheel_store import WheelStore
from venvship.rules.python.distributions import (
    WHEEL,
    Component,
    FetchedWheel,
    ProjectCode,
    hub_targets,
    package_name,
    project_targets,
)
from venvship.rules.python.hub_parts import alias_targets, library_targets, part_targets, script_by_name
from venvship.rules.python.members import Members
from venvship.rules.python.runtime import Interpreters
from venvship.rules.python.toolchain import DEP_GROUP_LABEL
from venvship.session.build_tools import NO_TOOLS, BuildTools
from venvship.session.extensions import PackageOverride
from venvship.session.hub_files import defs_bzl, requirements_bzl
from venvship.session.locked_project import LockedProject, UnknownGroup
from venvship.session.project_code import read_project_code
from venvship.session.source_builds import BuiltWheel, SourceBuilds, read_patches
from venvship.session.unpacking_ahead import UnpackingAhead
from venvship.wheels.entry_points import EntryPoint
from venvship.wheels.filename import WheelFilename
from venvship.wheels.lock import LockedPackage, LockedWheel
from venvship.wheels.manifest import without
from venvship.wheels.resolution import NotResolved, Requirer, Resolution

_EVERY_WHEEL = "gazelle_index_whls"
_GROUPS = ("dep_group", "venv")
"""The package with a condition for each dependency group and project, and its older name."""


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


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A file that stands for a distribution in one configuration."""

    sha256: str
    filename: WheelFilename


class LockHub:
    """One hub; it reads its locks when it is first asked, and downloads nothing before `fetch`."""

    def __init__(
        self,
        repository: str,
        projects: Sequence[LockedProject],
        *,
        interpreters: Interpreters,
        store: WheelStore,
        downloads: Downloads,
        builds: SourceBuilds,
        workspace: Path,
        members: Members,
        overrides: Iterable[PackageOverride] = (),
        has_target: Callable[[Label], bool] = lambda label: False,
    ) -> None:
        self.repository = repository
        self.projects = tuple(projects)
        self._interpreters = interpreters
        self._store = store
        self._downloads = downloads
        self._builds = builds
        self._workspace = workspace
        self._overrides = tuple(overrides)
        self._has_target = has_target
        self._members = members
        self._code: dict[str, ProjectCode] = {}
        self._targets_of: dict[str, Label | None] = {}
        self._built: dict[tuple[str, Configuration], BuiltWheel] = {}

    # For rules

    def component(self, project: str, configuration: Configuration) -> Component:
        found = self._project_of(project, configuration)
        component = found.component(project, configuration, self._group(found, configuration))
        own = tuple(name for name in component.members if self._code_directory(name) is not None)
        members = tuple(name for name in component.members if name not in own)
        return dataclasses.replace(component, members=members, projects=own)

    def extras(self, project: str, configuration: Configuration) -> Mapping[str, Sequence[Label]]:
        if not any(one.extra_deps or one.extra_data for one in self._overrides):
            return {}
        locked = self._project_of(project, configuration)
        packages = self._resolution(project, configuration).packages
        circle = locked.component(project, configuration, self._group(locked, configuration)).members
        found = _extras(one for name in circle for one in self._overrides_of(name, locked, packages[name]))
        # Who needs one of a circle has all of it.
        packages_inside = {package_name(name): PackageId(self.repository, package_name(name)) for name in circle}
        inside = {Label(package, target) for name, package in packages_inside.items() for target in (name, "pkg")}
        return {name: [label for label in labels if label not in inside] for name, labels in found.items()}

    def toolchains(self, project: str, configuration: Configuration) -> Sequence[Label]:
        if not any(one.toolchains and one.name == project for one in self._overrides):
            return ()
        resolution = self._resolution(project, configuration)
        if project not in resolution.distributions or isinstance(resolution.wheel_of(project), LockedWheel):
            return ()
        locked = self._project_of(project, configuration)
        overrides = self._overrides_of(project, locked, resolution.packages[project])
        return tuple(dict.fromkeys(label for one in overrides for label in one.toolchains))

    def project_code(self, project: str) -> ProjectCode:
        """What a project without a target would install; raises NotInstallable."""
        if project not in self._code:
            self._code[project] = self._read_code(project)
        return self._code[project]

    def _read_code(self, project: str) -> ProjectCode:
        directory = self._code_directory(project)
        if directory is None:
            raise InternalError(f"`{project}` is no project without a target")
        if any(locked.is_virtual(project) for locked in self.projects):
            return ProjectCode()  # it has dependencies, and is not installed itself
        distribution = self._members.distribution(PackageId(MAIN_REPOSITORY, directory))
        return read_project_code(self._workspace, directory, project, distribution)

    def wheel(self, project: str, configuration: Configuration) -> FetchedWheel | None:
        """The wheel chosen for a configuration, which `fetch` has brought; None where markers leave it out."""
        if self._is_left_out(project, configuration):
            return None
        chosen = self._file(project, configuration)
        manifest = self._store.manifest(chosen.sha256, chosen.filename)
        name = chosen.filename.text
        version = self._resolution(project, configuration).distribution(project).version or manifest.version
        identities = self._store.identities(chosen.sha256, chosen.filename, dist_info=manifest.dist_info)
        path = f"{chosen.sha256}/{name}"
        wheel = FetchedWheel(project, version, name, chosen.sha256, path, manifest, identities)
        locked = self._project_of(project, configuration)
        overrides = self._overrides_of(project, locked, self._resolution(project, configuration).packages[project])
        return self._changed(wheel, [one for one in overrides if one.file in (None, name)])

    def _is_left_out(self, name: str, configuration: Configuration) -> bool:
        """Whether a distribution is for other targets only; raises NotResolved for one that none needs."""
        if name in self._resolution(name, configuration).distributions:
            return False
        project = self._project_of(name, configuration)
        project.component(name, configuration, self._group(project, configuration))
        return True

    def _changed(self, wheel: FetchedWheel, overrides: Sequence[PackageOverride]) -> FetchedWheel:
        """The wheel as its overrides want it installed."""
        patches = [patch for one in overrides for patch in read_patches(one.post_install, self._workspace)]
        replaced = self._store.patched(wheel.sha256, wheel.filename, patches) if patches else {}
        globs = tuple(dict.fromkeys(glob for one in overrides for glob in one.exclude_globs))
        manifest = without(wheel.manifest, globs) if globs else wheel.manifest
        scripts = _scripts(overrides)
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

    def group(self, configuration: Configuration) -> Sequence[str]:
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

    # For loading

    def package(self, path: str) -> Sequence[TargetSpec | TargetsByName | BuildText] | None:
        if path == "":
            return [
                TargetSpec(f"locked_group@{self.repository}", "group_deps"),
                TargetSpec("filegroup", _EVERY_WHEEL, {"srcs": self._wheel_labels()}),
            ]
        if path in _GROUPS and path not in self._names:
            groups = sorted(self._group_members())
            conditions = [TargetSpec("config_setting", n, {"flag_values": {DEP_GROUP_LABEL: n}}) for n in groups]
            # Releases of rules_py before 1.9 call it a venv.
            return [TargetSpec("dep_group_flag", path), *(one for one in conditions if one.name != path)]
        name = self._names.get(path)
        if name is None:
            return None
        target = self._target_of(name)
        if target is not None:
            return alias_targets(name, package_name(name), target.canonical, self._scripts(target.package))
        directory = self._code_directory(name)
        if directory is not None:
            specs = [TargetSpec(rule, made, {"project": name}) for rule, made in project_targets(self, name)]
            scripts = self._scripts(PackageId(MAIN_REPOSITORY, directory))
            return [*specs, *library_targets(name, package_name(name), [name, *scripts])]
        return self._targets(name)

    def _scripts(self, package: PackageId) -> list[str]:
        """The scripts of the project that lies beside the code of a package."""
        project = self._members.distribution(package) if package.repository == MAIN_REPOSITORY else None
        return [] if project is None else [script.name for script in project.scripts()]

    def _with_wheels(self) -> list[str]:
        """The names of all distributions that have wheels."""
        names = sorted(self._names.values())
        return [name for name in names if self._target_of(name) is None and self._code_directory(name) is None]

    def _wheel_labels(self) -> list[str]:
        return [f"@@{self.repository}//{package_name(name)}:{WHEEL}" for name in self._with_wheels()]

    def _targets(self, name: str) -> Sequence[TargetSpec | TargetsByName | BuildText]:
        overrides = [one for one in self._overrides if one.target is None and self._concerns(one, name)]
        library = package_name(name)
        # Those of all versions; which of them count, the configuration tells.
        extras = {name: [label.canonical for label in labels] for name, labels in _extras(overrides).items() if labels}
        specs = [
            TargetSpec(rule, target, {"project": name, **(extras if target == library else {})})
            for rule, target in hub_targets(self, name)
        ]
        said = _scripts(overrides)
        scripts = None if said is None else [script.name for script in said]
        written = [text for one in overrides for text in self._written(library, one)][:1]
        by_name = TargetsByName(functools.partial(script_by_name, name, library))
        return [*specs, *part_targets(name, library, scripts), by_name, *written]

    def _written(self, package: str, override: PackageOverride) -> Iterable[BuildText]:
        match override:
            case PackageOverride(build_text=Label() as file):
                shown = posixpath.join(file.package.path, file.name)
                try:
                    yield BuildText(path_of(file, self._workspace).read_bytes(), shown)
                except OSError as error:
                    raise UserError(f"can't read `{file}`: {error.strerror}", place=override.place) from error
            case PackageOverride(build_text=str() as text) if text:
                yield BuildText(text.encode(), f"@{self.repository}/{package}/additive_build_content")

    def package_paths(self) -> Iterable[str]:
        return dict.fromkeys(("", *_GROUPS, *self._names))

    def source(self, path: str) -> bytes | None:
        match path:
            case "requirements.bzl":
                names = {name for project in self.projects for name in project.names}
                return requirements_bzl(
                    self.repository, sorted(names), wheels=sorted(names.intersection(self._with_wheels()))
                )
            case "defs.bzl":
                return defs_bzl(self.repository, self._group_members())
            case _:
                return None

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
                if self._is_left_out(name, key.configuration):
                    continue
                resolution = self._resolution(name, key.configuration)
                chosen = resolution.wheel_of(name)
                if isinstance(chosen, LockedWheel):
                    file = self._wanted(name, key.configuration, resolution, chosen)
                    actions = files.setdefault(file, [])
                    if ahead is not None:
                        project = self._project_of(name, key.configuration)
                        overrides = self._overrides_of(name, project, resolution.packages[name])
                        action = self._unpacking(ahead, key, file, overrides)
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
        chosen = self._resolution(name, configuration).wheel_of(name)
        if isinstance(chosen, LockedWheel):
            sha256 = chosen.sha256
            if sha256 is None:
                resolution = self._resolution(name, configuration)
                sha256 = self._wanted(name, configuration, resolution, chosen).sha256
            if sha256 is None:
                raise InternalError(f"the wheel {chosen.filename} has no hash and was fetched")
            return _Chosen(sha256, chosen.filename)
        built = self._built.get((name, configuration))
        if built is None:
            raise InternalError(f"`{name}` was not built before it was used")
        return _Chosen(built.sha256, built.filename)

    def _build(self, name: str, configuration: Configuration, tools: BuildTools) -> BuiltWheel:
        project = self._project_of(name, configuration)
        resolution = self._resolution(name, configuration)
        overrides = self._overrides_of(name, project, resolution.packages[name])
        return self._builds.build(project, name, resolution, configuration, overrides, tools)

    def _wanted(
        self, name: str, configuration: Configuration, resolution: Resolution, chosen: LockedWheel
    ) -> WantedFile:
        package = resolution.packages[name]
        chain = [f"required by {step}" for step in reversed(resolution.path_to(name))]
        lock = self._project_of(name, configuration).path
        return WantedFile.of(package, chosen, lock=lock, chain=chain)

    def _resolution(self, name: str, configuration: Configuration) -> Resolution:
        project = self._project_of(name, configuration)
        return project.resolution(configuration, self._group(project, configuration))

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

    def _project_of(self, name: str, configuration: Configuration) -> LockedProject:
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

    def _group(self, project: LockedProject, configuration: Configuration) -> str:
        group = configuration.get(DEP_GROUP)
        return "" if group == project.name and group not in project.groups else group

    # Names

    @functools.cached_property
    def _names(self) -> Mapping[str, str]:
        """Packages of the hub with the distribution each stands for; projects of the workspace are among them."""
        return {package_name(name): name for p in self.projects for name in sorted(p.lock.by_name)}

    def _group_members(self) -> Mapping[str, set[str]]:
        """What each group may need on some target, and each project by its name."""
        found: dict[str, set[str]] = {}
        for project in self.projects:
            if project.name:
                found.setdefault(project.name, set()).update(project.names)
            for group in project.groups:
                found.setdefault(group, set()).update(project.needed_by(group))
        return found

    # What the workspace says of distributions

    def _target_of(self, name: str) -> Label | None:
        """The target that takes the place of a distribution: an override, or the member's own library."""
        if name not in self._targets_of:
            self._targets_of[name] = self._find_target(name)
        return self._targets_of[name]

    def _find_target(self, name: str) -> Label | None:
        for override in self._overrides:
            if override.target is not None and self._concerns(override, name):
                return override.target
        directory = self._member_directories.get(name)
        return None if directory is None else self._member_target(name, directory)

    @functools.cached_property
    def _member_directories(self) -> Mapping[str, str]:
        """The projects of the workspace with their directories; of several locks the first counts."""
        found: dict[str, str] = {}
        for project in self.projects:
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

    def _code_directory(self, name: str) -> str | None:
        """Where a project of the workspace lies that no target stands for."""
        return self._member_directories.get(name) if self._target_of(name) is None else None

    def _overrides_of(self, name: str, project: LockedProject, package: LockedPackage) -> tuple[PackageOverride, ...]:
        """All that is different about one version of a distribution in one lock."""
        return tuple(
            one
            for one in self._overrides
            if one.name == name and one.target is None
            if one.lock in (None, project.project.lock) and one.is_for(package)
        )

    def _concerns(self, override: PackageOverride, name: str) -> bool:
        """Whether an override is for some version of a distribution of this hub: rules have one set of attributes."""
        return override.name == name and any(
            override.lock in (None, project.project.lock) and override.is_for(project.lock.packages[index])
            for project in self.projects
            for index in project.lock.by_name.get(name, ())
        )


def _scripts(overrides: Iterable[PackageOverride]) -> tuple[EntryPoint, ...] | None:
    """All console scripts of what has these overrides, if one of them says so."""
    said = [one.console_scripts for one in overrides if one.console_scripts is not None]
    return tuple(sorted({point.name: point for points in said for point in points}.values())) if said else None


def _extras(overrides: Iterable[PackageOverride]) -> dict[str, tuple[Label, ...]]:
    every = tuple(overrides)
    return {
        "extra_deps": tuple(dict.fromkeys(label for one in every for label in one.extra_deps)),
        "extra_data": tuple(dict.fromkeys(label for one in every for label in one.extra_data)),
    }


def _platform_name(configuration: Configuration) -> str:
    return f"{configuration.platform.os.value}_{configuration.platform.cpu.value}"


def _is_direct(requirers: Iterable[Requirer], project: LockedProject) -> bool:
    return any(not requirer.name or requirer.name in project.members for requirer in requirers)
