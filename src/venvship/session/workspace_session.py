"""A workspace opened for one command: every implementation is chosen here, and nowhere else."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from venvship.analysis.action_graph import ActionGraph
from venvship.analysis.analyzer import Analyzer, IncompatibleTarget
from venvship.analysis.configured_target import ConfiguredTarget, TargetKey
from venvship.analysis.node import Node
from venvship.analysis.platforms import host_constraints
from venvship.analysis.toolchains import Debugging
from venvship.blobs.disk import DiskBlobStore
from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.events.build_events import EventSink, Message, PhaseStarted, Severity
from venvship.execution.action_cache import DiskActionCache
from venvship.execution.exec_root import ExecRoot
from venvship.execution.failures import ActionFailed
from venvship.execution.layout import Layout
from venvship.execution.machinery import Machinery
from venvship.execution.output_state import OutputState
from venvship.execution.result import ExecutionResult
from venvship.execution.runfiles_tree import RUNFILES_SUFFIX, lay_out
from venvship.execution.scheduler import Scheduler
from venvship.execution.source_state import LazySource, SourceState
from venvship.execution.test_request import TestRequest
from venvship.execution.trees import TreeStore
from venvship.execution.workers import WorkerPool, accelerators
from venvship.host.machine import cpu_count, this_machine
from venvship.host.processes import Children
from venvship.host.sandbox import Isolation, isolation
from venvship.loading.code_cache import DiskCodeCache
from venvship.loading.disk_files import DiskFiles
from venvship.loading.module_extension import REPOSITORY_NAMES
from venvship.loading.package_loader import PackageLoader
from venvship.loading.repositories import GeneratedPackages
from venvship.loading.targets import RuleTarget
from venvship.loading.workspace import path_of
from venvship.memo.computation import Memo
from venvship.model.action import Program
from venvship.model.artifact import OUTPUT_DIRECTORY, Artifact
from venvship.model.configuration import Configuration
from venvship.model.depset import union
from venvship.model.label import MAIN_REPOSITORY, MAIN_RUNFILES_DIRECTORY, Label, PackageId
from venvship.model.platform import Libc, Platform, PythonVersion
from venvship.model.provider import ArgumentsInfo, RunEnvironmentInfo
from venvship.model.workspace_status import WorkspaceStatus
from venvship.modules.module_file import LocalPathOverride
from venvship.modules.module_graph import ModuleGraph, build_module_graph
from venvship.query.scoped import ScopedQueries
from venvship.rules.bzl_names import bzl_names
from venvship.rules.catalogue import loaded_rules, native_rules
from venvship.rules.oci.base import LIBRARIES, LIBRARIES_LABEL, libraries_rule
from venvship.rules.python.distributions import WHEEL_RULE, distribution_rules
from venvship.rules.python.providers import VirtualenvInfo
from venvship.rules.python.runtime import INTERPRETERS, RUNTIME_LABEL, runtime_rule
from venvship.session.command_aspects import command_aspects, command_parameters
from venvship.session.command_configuration import command_configuration, label_of_host
from venvship.session.convenience_links import ConvenienceLinks
from venvship.session.debian_interpreters import DebianInterpreters
from venvship.session.extension_reader import read_extensions
from venvship.session.extensions import Extensions
from venvship.session.interpreters import MachineInterpreters, RuntimeArchives
from venvship.session.lock_making import CompiledLock, MadeLock, uv_program
from venvship.session.members import WorkspaceMembers
from venvship.session.module_files import DiskModuleFiles
from venvship.session.options import SessionOptions
from venvship.session.outcomes import BuildOutcome, BuiltTarget, RunPlan, SkippedTarget
from venvship.session.output_groups import DEFAULT_OUTPUTS, OutputGroups
from venvship.session.own_code import own_code
from venvship.session.registrations import registered
from venvship.session.repositories import ExternalSources, FixedPackage, WorkspaceRepositories
from venvship.session.runtime_libraries import MachineLibraries
from venvship.session.version_repositories import version_repositories
from venvship.session.workspace_status import with_volatile_values_of, workspace_status

if TYPE_CHECKING:
    # What speaks with the network is imported where it is needed: most commands need none of it.
    from venvship.repos.download import Downloads
    from venvship.repos.index_settings import IndexSettings
    from venvship.repos.network import Network
    from venvship.repos.package_index import Indexes
    from venvship.session.debian_locks import LockedPython
    from venvship.session.wheel_hub import LockHub

_FLAGS = Place("--override_module")


class NotExecutable(UserError):
    """`run` was asked to start a target that is no program."""


class Session:
    """What the commands do with an open workspace. Parts are made when they are first needed."""

    def __init__(
        self,
        root: Path,
        layout: Layout,
        options: SessionOptions,
        events: EventSink,
        *,
        before_writing: Callable[[], None] = lambda: None,
    ) -> None:
        self.root = root
        self._before_writing = before_writing
        self.layout = layout
        self.options = options
        self.events = events
        self._memo = Memo()
        self._children = Children()
        self._workers: WorkerPool | None = None
        self._built: dict[Label, ConfiguredTarget] = {}
        self.asked_for: set[PackageId] = set()
        """The packages in which hubs have looked for targets."""
        self.test_requests: list[TestRequest] = []
        """The tests that the command has run, or has found to be unchanged."""

    def close(self) -> None:
        """End the worker processes."""
        if self._workers is not None:
            self._workers.close()

    # Where things are

    @property
    def output_base(self) -> Path:
        return self.layout.output_base

    @property
    def execution_root(self) -> Path:
        return self.layout.exec_root

    @property
    def bin_directory(self) -> Path:
        return self.execution_root / OUTPUT_DIRECTORY / self.configuration.directory / "bin"

    @property
    def test_logs(self) -> Path:
        return self.bin_directory.parent / "testlogs"

    def info(self) -> Mapping[str, str]:
        """What `venvship info` prints, by key."""
        prefix = self.options.symlink_prefix.rstrip("-") or "venvship"
        return {
            "workspace": str(self.layout.workspace),
            "output_base": str(self.output_base),
            "output_user_root": str(self.layout.user_root),
            "execution_root": str(self.execution_root),
            "output_path": str(self.execution_root / OUTPUT_DIRECTORY),
            f"{prefix}-bin": str(self.bin_directory),
            f"{prefix}-testlogs": str(self.test_logs),
            "server_pid": "0",
        }

    def locks(self) -> Sequence[Path]:
        """The lock files that fill hubs."""
        return [path_of(project.lock, self.root) for hub in self.extensions.hubs.values() for project in hub]

    def compiled_locks(self) -> Sequence[CompiledLock]:
        """Those of them that targets of the workspace say how to make."""
        from venvship.session.requirement_locks import compiled_locks

        labels = [project.lock for hub in self.extensions.hubs.values() for project in hub]
        version = PythonVersion.parse(self.interpreters.full_version(self.configuration))
        return compiled_locks(labels, self.loader, python_version=str(version))

    def debian_locks(self, *, check: bool, upgrade: bool, only: Callable[[Path], bool]) -> Sequence[MadeLock]:
        """Make the locks of Debian packages, or only look."""
        from venvship.session.debian_locks import make_debian_locks

        return make_debian_locks(
            self.modules,
            lambda: self.loader.bzl,
            root=self.root,
            mirrors=self.sources.debian,
            read=self.sources.files.read_optional,
            now=datetime.now(UTC),
            check=check,
            upgrade=upgrade,
            only=only,
        )

    # Loading

    @functools.cached_property
    def modules(self) -> ModuleGraph:
        found = build_module_graph(
            DiskModuleFiles(self.root, self.sources, self._print),
            ignore_dev_dependencies=self.options.ignore_dev_dependencies,
            overrides=[
                LocalPathOverride(name, os.path.abspath(os.path.join(self.root, os.path.expanduser(path))), _FLAGS)
                for name, path in self.options.module_overrides.items()
            ],
            allowed_yanked=self.options.allowed_yanked,
        )
        for warning in found.warnings:
            self.events.emit(Message(Severity.WARNING, warning))
        return found

    @property
    def main_mapping(self) -> Mapping[str, str]:
        return self.modules.mapping_of(MAIN_REPOSITORY)

    @functools.cached_property
    def extensions(self) -> Extensions:
        return read_extensions(
            self.modules.of_builtin_extensions(),
            read_file=self._text_of,
            variable=lambda name: self.sources.observer.variable(name),
        )

    def _text_of(self, label: Label) -> str | None:
        try:
            return path_of(label, self.root).read_text()
        except (OSError, UnicodeDecodeError):
            return None

    @functools.cached_property
    def sources(self) -> ExternalSources:
        environment: dict[str, str] = dict(os.environ)
        for name, value in self.options.repository_environment.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        return ExternalSources(
            self.layout,
            memo=self._memo,
            events=self.events,
            children=self._children,
            network=self._network,
            environment=environment,
            registries=self.options.registries,
            offline=self.options.offline,
            debian_mirrors=self.options.debian_mirrors,
            before_writing=self._before_writing,
        )

    @functools.cached_property
    def repositories(self) -> WorkspaceRepositories:
        generated: dict[str, GeneratedPackages] = {
            INTERPRETERS: FixedPackage((("python_runtime", RUNTIME_LABEL.name),)),
            LIBRARIES: FixedPackage((("runtime_libraries", LIBRARIES_LABEL.name),)),
            **self.hubs,
            **self._single_distributions(),
            **version_repositories(self.extensions),
            **dict.fromkeys(self.extensions.modification_hubs | self.extensions.tools, FixedPackage(())),
        }
        mapping = self.main_mapping
        return WorkspaceRepositories(
            self.root,
            self.modules,
            generated,
            self.sources,
            bzl=lambda: self.loader.bzl,
            print_handler=self._print,
            replaced={
                name.removeprefix("@@") if name.startswith("@@") else mapping.get(name.removeprefix("@"), name): Path(
                    os.path.abspath(os.path.join(self.root, os.path.expanduser(path)))
                )
                for name, path in self.options.repository_overrides.items()
            },
        )

    def _single_distributions(self) -> Mapping[str, GeneratedPackages]:
        if not self.extensions.hubs:
            return {}
        from venvship.session.hubs import single_distributions

        return single_distributions(self.extensions)

    @functools.cached_property
    def loader(self) -> PackageLoader:
        native = native_rules(ScopedQueries(lambda: self.loader))
        rules = {
            **native,
            **loaded_rules(self.members, uv_program, lambda: self.main_mapping),
            "python_runtime": runtime_rule(self.interpreters),
            "runtime_libraries": libraries_rule(self.libraries),
        }
        for hub in self.hubs.values():
            rules.update(distribution_rules(hub))
        return PackageLoader(
            repositories=self.repositories,
            files=DiskFiles(),
            memo=self._memo,
            rule_classes=rules,
            native_rules=native,
            bzl_names={
                **bzl_names(
                    print_handler=self._print, source_line=lambda file, line: self.loader.source_line(file, line)
                ),
                **REPOSITORY_NAMES,
            },
            print_handler=self._print,
            code_cache=DiskCodeCache(str(self.output_base / "code")),
            modules={
                name: (module.file.name or name, module.file.version) for name, module in self.modules.modules.items()
            },
            host_constraints=host_constraints(self.host_platform),
            surroundings=own_code,
        )

    def _print(self, text: str, place: Place) -> None:
        self.events.emit(Message(Severity.DEBUG, f"{place}: {text}"))

    # What comes from outside

    @functools.cached_property
    def blobs(self) -> DiskBlobStore:
        return DiskBlobStore(self.layout.blobs)

    @functools.cached_property
    def trees(self) -> TreeStore:
        return TreeStore(self.layout.trees, self.blobs)

    @functools.cached_property
    def interpreters(self) -> MachineInterpreters:
        return MachineInterpreters(
            self.extensions.python_versions,
            self.extensions.default_python,
            state=self.layout.user_root / "interpreters",
            trees=self.trees,
            events=self.events,
            archives=RuntimeArchives(self.extensions, self._downloads),
            debian=DebianInterpreters(
                self._locked_pythons, lambda urls, checksum: self.sources.files.fetch(urls, checksum)
            ),
            exact=self.extensions.exact_versions,
        )

    def _locked_pythons(self) -> tuple[LockedPython, ...]:
        from venvship.session.debian_locks import locked_pythons

        return locked_pythons(self.modules, lambda: self.loader.bzl, root=self.root)

    def _network(self) -> Network:
        from venvship.repos.network import Network

        return Network(self._index_settings())

    def _downloads(self) -> Downloads:
        from venvship.repos.download import Downloads
        from venvship.repos.wheel_store import WheelStore

        store = WheelStore(self.layout.user_root)
        return Downloads(store, indexes=self._indexes, events=self.events, offline=self.options.offline)

    @functools.cached_property
    def _indexes(self) -> Indexes:
        from venvship.repos.index_settings import IndexOverride
        from venvship.repos.package_index import Indexes

        overrides = [IndexOverride.parse(text) for text in self.options.index_overrides]
        # A path is relative to where the command was called.
        links = [
            text if "://" in text else os.path.abspath(os.path.expanduser(text)) for text in self.options.find_links
        ]
        return Indexes(
            self._index_settings,
            overrides,
            links=links,
            addresses=self._project_indexes,
            offline=self.options.offline,
        )

    def _project_indexes(self) -> Iterable[str]:
        """Those that the projects of the hubs name: a lock has their addresses without credentials."""
        from venvship.repos.index_settings import project_indexes

        projects = (project for projects in self.extensions.hubs.values() for project in projects)
        directories = dict.fromkeys(path_of(project.lock, self.root).parent for project in projects)
        return [url for directory in directories for url in project_indexes(os.environ, directory)]

    @functools.cached_property
    def libraries(self) -> MachineLibraries:
        return MachineLibraries(self.interpreters, trees=self.trees, events=self.events)

    @functools.cached_property
    def hubs(self) -> Mapping[str, LockHub]:
        if not self.extensions.hubs:
            return {}
        from venvship.session.hubs import HubSurroundings, make_hubs

        around = HubSurroundings(
            root=self.root,
            user_root=self.layout.user_root,
            indexes=self._indexes,
            offline=self.options.offline,
            events=self.events,
            interpreters=self.interpreters,
            trees=self.trees,
            children=self._children,
            isolation=isolation() if self.options.sandbox else Isolation.NONE,
            host=self.host_platform,
            has_target=self._has_target,
            members=self.members,
        )
        return make_hubs(self.extensions, around)

    @functools.cached_property
    def members(self) -> WorkspaceMembers:
        return WorkspaceMembers(self.directory_of)

    def _has_target(self, label: Label) -> bool:
        """Whether the workspace has a rule target of that name."""
        self.asked_for.add(label.package)
        if not self.loader.exists(label.package):
            return False
        try:
            return isinstance(self.loader.target(label), RuleTarget)
        except UserError:
            return False

    def _index_settings(self) -> IndexSettings:
        from venvship.repos.index_settings import ConfigurationPlaces, read_index_settings

        places = ConfigurationPlaces.of_machine(os.environ, home=Path.home(), prefix=Path(sys.prefix))
        return read_index_settings(os.environ, places)

    # Analysis

    @functools.cached_property
    def host_platform(self) -> Platform:
        machine = this_machine()
        plain = Platform.parse(f"{machine.system}_{machine.processor}")
        return Platform(plain.os, plain.cpu, Libc(machine.libc), machine.libc_version)

    @functools.cached_property
    def configuration(self) -> Configuration:
        """The configuration of the targets that the command names."""
        return command_configuration(self.options, self.loader, self.main_mapping, self.host_platform)

    def _registered_toolchains(self) -> Sequence[Label]:
        """Those of the command line, then those of the modules, each pattern spelled out."""
        patterns = [(MAIN_REPOSITORY, text) for text in self.options.extra_toolchains]
        patterns += [(module, one.pattern) for module, one in self.modules.toolchains()]
        return registered("toolchain", patterns, self.loader, self.modules)

    def _registered_execution_platforms(self) -> Sequence[Label]:
        """Those of the command line, then those of the modules, each pattern spelled out."""
        patterns = [(MAIN_REPOSITORY, text) for text in self.options.extra_execution_platforms]
        patterns += [(module, one.pattern) for module, one in self.modules.execution_platforms()]
        return registered("platform", patterns, self.loader, self.modules)

    @functools.cached_property
    def status(self) -> WorkspaceStatus:
        """What stamped outputs tell about the build."""
        found = workspace_status(
            self.options.workspace_status_command,
            embed_label=self.options.embed_label,
            root=self.root,
            environment=os.environ,
            children=self._children,
            now=datetime.now(UTC),
        )
        return found if self.options.stamp else with_volatile_values_of(self.output_base / "status.json", found)

    @property
    def has_asked_a_command(self) -> bool:
        """Whether outputs hold what a command printed, which nobody can tell to be the same still."""
        return "status" in self.__dict__ and bool(self.options.workspace_status_command)

    @functools.cached_property
    def analyzer(self) -> Analyzer:
        return Analyzer(
            self.loader,
            memo=self._memo,
            host=Configuration(self.host_platform),
            before_rules=self._fetch,
            toolchains=self._registered_toolchains,
            execution_platforms=self._registered_execution_platforms,
            debugging=self._debugging(),
            host_platform=label_of_host(self.options, self.loader, self.main_mapping, self.host_platform),
            status=lambda: self.status,
        )

    def _debugging(self) -> Debugging | None:
        text = self.options.toolchain_resolution_debug
        if not text:
            return None
        return Debugging(re.compile(text), lambda said: self.events.emit(Message(Severity.INFO, said)))

    def _fetch(self, nodes: Sequence[Node]) -> Mapping[TargetKey, VenvshipError]:
        """Bring the wheels that the rule functions of `nodes` will look into; answers which can't be had and why."""
        wanted: dict[str, dict[TargetKey, str]] = {}
        for node in nodes:
            if isinstance(node.target, RuleTarget) and node.target.rule_class.name == WHEEL_RULE:
                wanted.setdefault(node.key.label.repository, {})[node.key] = str(node.values["project"])
        refused: dict[TargetKey, VenvshipError] = {}
        for hub, projects in wanted.items():
            self.events.emit(PhaseStarted("fetching"))
            refused.update(self.hubs[hub].fetch(projects))
        return refused

    def analyze(self, labels: Sequence[Label]) -> list[ConfiguredTarget]:
        """Analyse targets; warnings go to the events. Raises SeveralErrors unless `keep_going`."""
        self.events.emit(PhaseStarted("analysis", len(labels)))
        aspects = command_aspects(self.options.aspects, self.loader, self.main_mapping)
        keep_going = self.options.keep_going
        parameters = command_parameters(aspects, self.options.aspect_parameters)
        targets = self.analyzer.analyze(
            labels, self.configuration, keep_going=keep_going, aspects=aspects, parameters=parameters
        )
        for target in self.analyzer.targets:
            for warning in target.warnings:
                self.events.emit(Message(Severity.WARNING, warning))
            venv = target.get(VirtualenvInfo) if self.options.verbose_failures else None
            for note in venv.notes if venv is not None and venv.label == target.label else ():
                self.events.emit(Message(Severity.INFO, f"{target.place}: `{target.label}`: {note}"))
        return targets

    # Execution

    @functools.cached_property
    def exec_root(self) -> ExecRoot:
        sources = SourceState(
            self.layout.workspace,
            repository_directory=self.directory_of,
            lazy=self._lazy_source,
            state_file=self.output_base / "sources.json",
        )
        return ExecRoot(
            self.execution_root,
            temporary=self.layout.temporary,
            links=self.layout.links,
            runfiles=self.layout.runfiles,
            sources=sources,
            blobs=self.blobs,
            trees=self.trees,
        )

    def directory_of(self, repository: str) -> Path:
        """Where the sources of a repository are."""
        return self.repositories.directory_of(repository)

    def _lazy_source(self, artifact: Artifact) -> LazySource | None:
        hub = self.hubs.get(artifact.root.repository)
        return hub.lazy_source(artifact) if hub is not None else None

    @functools.cached_property
    def machinery(self) -> Machinery:
        self._workers = WorkerPool(
            self._children, self.layout.temporary, packages=accelerators(), user_environment=os.environ
        )
        return Machinery(
            exec_root=self.exec_root,
            state=OutputState(self.layout.output_state),
            cache=DiskActionCache(self.layout.actions),
            workers=self._workers,
            children=self._children,
            events=self.events,
            isolation=isolation() if self.options.sandbox else Isolation.NONE,
            platform=str(self.host_platform),
            visible=(str(self.layout.user_root), str(self.layout.workspace), *self.repositories.places()),
        )

    @functools.cached_property
    def scheduler(self) -> Scheduler:
        jobs = self.options.jobs or cpu_count()
        return Scheduler(self.machinery, jobs=jobs, keep_going=self.options.keep_going)

    def execute(self, artifacts: Iterable[Artifact], graph: ActionGraph) -> ExecutionResult:
        self.events.emit(PhaseStarted("execution"))
        result = self.scheduler.execute(artifacts, graph.generating)
        for failure in result.failures:
            if isinstance(failure, ActionFailed) and failure.place is None:
                failure.place = graph.place_of(failure.action)
        return result

    def action_graph(self) -> ActionGraph:
        """The actions of all that was analysed; raises what is wrong with them, unless `keep_going`."""
        targets = self.analyzer.targets
        return ActionGraph.collected(targets) if self.options.keep_going else ActionGraph.of(targets)

    # Commands

    def build(self, labels: Sequence[Label], *, nobuild: bool = False) -> BuildOutcome:
        """Build targets. What can't be analysed is raised, or part of the outcome with `keep_going`."""
        targets = self.analyze(labels)
        failures: list[VenvshipError] = list(self.analyzer.errors)
        failed = tuple(self.analyzer.failed)
        graph = self.action_graph()
        failures += graph.conflicts
        if nobuild:
            return BuildOutcome(failed=failed, skipped=_skipped(targets), failures=tuple(failures))
        refused = graph.conflicting
        failed = (*failed, *(target.label for target in targets if target.label in refused))
        targets = [target for target in targets if target.label not in refused]
        compatible = [target for target in targets if not target.incompatible]
        result = self.execute(requested_artifacts(compatible, self.output_groups), graph)
        outcome = self.outcome_of(targets, graph, result)
        self.make_convenience_links()
        if len(labels) == 1 and not (failed or outcome.failed or outcome.skipped):
            self._built.update(zip(labels, targets, strict=True))
        return dataclasses.replace(outcome, failed=(*failed, *outcome.failed), failures=(*failures, *result.failures))

    def outcome_of(
        self, targets: Sequence[ConfiguredTarget], graph: ActionGraph, result: ExecutionResult
    ) -> BuildOutcome:
        """Say which of the analysed targets are built, and lay out the runfiles trees of those that are programs."""
        built: list[BuiltTarget] = []
        failed: list[Label] = []
        for target in targets:
            if target.incompatible:
                continue
            wanted = self.output_groups.requested(target)
            if not result.failures or all(artifact in result.outputs for artifact in wanted.to_tuple()):
                if self.output_groups.with_programs:
                    self.lay_out_runfiles(target, graph, result)
                outputs = self.output_groups.shown(target)
                paths = tuple(self.exec_root.path_of(output) for output in outputs)
                built.append(BuiltTarget(target.label, tuple(map(self._shown_output, outputs)), paths))
            else:
                failed.append(target.label)
        return BuildOutcome(
            targets=tuple(built),
            failed=tuple(failed),
            skipped=_skipped(targets),
            failures=result.failures,
            actions_run=result.ran,
            actions_cached=result.cached,
            up_to_date=result.up_to_date,
        )

    def lay_out_runfiles(self, target: ConfiguredTarget, graph: ActionGraph, result: ExecutionResult) -> None:
        """Make the runfiles tree of an executable target."""
        info = target.default_info
        if info.executable is None:
            return
        lay_out(
            Program(info.executable, info.default_runfiles),
            self.exec_root,
            generating=graph.generating,
            content=lambda artifact: result.outputs[artifact],
            warn=lambda text: self.events.emit(Message(Severity.WARNING, f"{target.place}: `{target.label}`: {text}")),
        )

    def build_one(self, label: Label) -> ConfiguredTarget:
        """Build a target, its runfiles tree included; raises what keeps it from being built."""
        targets = self.analyze([label])
        if not targets:
            raise SeveralErrors(self.analyzer.errors)
        target = targets[0]
        if target.incompatible:
            raise IncompatibleTarget("; ".join(target.incompatible), place=target.place)
        graph = ActionGraph.of(self.analyzer.targets)
        result = self.execute(requested_artifacts([target]), graph)
        result.raise_failures()
        self.lay_out_runfiles(target, graph, result)
        self.make_convenience_links()
        return target

    def prepare_run(self, label: Label) -> RunPlan:
        """Build a program and say how it is started; raises what keeps it from being built."""
        target = self._built.get(label) or self.build_one(label)
        executable = target.default_info.executable
        if executable is None:
            raise NotExecutable(
                f"`{label}` is a {target.kind} and can't be run", place=target.place, hint="run a py_binary"
            )
        program = self.exec_root.path_of(executable)
        environment = dict(os.environ)
        info = target.get(RunEnvironmentInfo)
        if info is not None:
            environment.update({k: v for k, v in info.environment.items() if k not in info.inherited})
        environment["BUILD_WORKSPACE_DIRECTORY"] = str(self.root)
        arguments = target.get(ArgumentsInfo)
        working_directory = Path(program + RUNFILES_SUFFIX) / MAIN_RUNFILES_DIRECTORY
        return RunPlan(
            (program, *(arguments.arguments if arguments else ())),
            environment,
            working_directory if working_directory.is_dir() else self.root,
        )

    # The user's view of the output tree

    @property
    def output_groups(self) -> OutputGroups:
        return OutputGroups.parse(self.options.output_groups, validate=self.options.run_validations)

    @functools.cached_property
    def _links(self) -> ConvenienceLinks:
        targets = {
            "bin": self.bin_directory,
            "testlogs": self.test_logs,
            "out": self.execution_root / OUTPUT_DIRECTORY,
        }
        return ConvenienceLinks(self.root, self.options.symlink_prefix, targets, self.events)

    def _shown_output(self, artifact: Artifact) -> str:
        return artifact.exec_path if artifact.is_source else self._links.shown(self.exec_root.path_of(artifact))

    def make_convenience_links(self) -> None:
        self._links.make()


def _skipped(targets: Iterable[ConfiguredTarget]) -> tuple[SkippedTarget, ...]:
    return tuple(SkippedTarget(t.label, "; ".join(t.incompatible)) for t in targets if t.incompatible)


def requested_artifacts(targets: Iterable[ConfiguredTarget], groups: OutputGroups = DEFAULT_OUTPUTS) -> list[Artifact]:
    """Everything that must exist when these targets are built."""
    return list(union(groups.requested(target) for target in targets).to_tuple())
