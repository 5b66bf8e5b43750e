"""A workspace opened for one command, as far as its packages: modules, repositories, hubs, and what loads them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from venvship.analysis.platforms import host_constraints
from venvship.blobs.disk import DiskBlobStore
from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
from venvship.events.build_events import EventSink, Message, Severity
from venvship.execution.layout import Layout
from venvship.execution.trees import TreeStore
from venvship.host.machine import this_machine
from venvship.host.processes import Children
from venvship.host.sandbox import isolation, no_isolation
from venvship.loading.code_cache import DiskCodeCache
from venvship.loading.disk_files import DiskFiles
from venvship.loading.files import RecordedFiles
from venvship.loading.module_extension import REPOSITORY_NAMES
from venvship.loading.package_loader import PackageLoader
from venvship.loading.repositories import GeneratedPackages
from venvship.loading.targets import RuleTarget
from venvship.loading.workspace import path_of
from venvship.memo.computation import Memo
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.platform import Libc, Platform
from venvship.modules.module_file import LocalPathOverride
from venvship.modules.module_graph import ModuleGraph, build_module_graph
from venvship.query.scoped import ScopedQueries
from venvship.rules.bzl_names import bzl_names, own_names
from venvship.rules.catalogue import loaded_rules, native_rules
from venvship.rules.oci.base import LIBRARIES, LIBRARIES_LABEL, libraries_rule
from venvship.rules.python.distributions import distribution_rules
from venvship.rules.python.runtime import INTERPRETERS, RUNTIME_LABEL, runtime_rule
from venvship.session.debian_interpreters import DebianInterpreters
from venvship.session.extension_reader import read_extensions
from venvship.session.extensions import Extensions
from venvship.session.interpreters import MachineInterpreters, RuntimeArchives
from venvship.session.lock_making import uv_program
from venvship.session.members import WorkspaceMembers
from venvship.session.module_files import DiskModuleFiles
from venvship.session.options import SessionOptions
from venvship.session.own_code import own_code
from venvship.session.repositories import ExternalSources, FixedPackage, WorkspaceRepositories
from venvship.session.runtime_libraries import MachineLibraries
from venvship.session.unified_hub import with_unified_hub
from venvship.session.value_digests import ValueDigests
from venvship.session.version_repositories import version_repositories

if TYPE_CHECKING:
    # What speaks with the network is imported where it is needed: most commands need none of it.
    from venvship.session.debian_locks import LockedPython
    from venvship.session.wheel_hub import LockHub
    from venvship.session.workspace_indexes import WorkspaceIndexes

_FLAGS = Place("--override_module")


@dataclass(frozen=True, slots=True)
class OpenedWorkspace:
    """What a session is opened with; `before_writing` is called before anything is written."""

    root: Path
    layout: Layout
    options: SessionOptions
    events: EventSink
    before_writing: Callable[[], None]


class WorkspaceLoading:
    """What it takes to load packages. Parts are made when they are first needed."""

    def __init__(self, opened: OpenedWorkspace) -> None:
        self.root = opened.root
        self._before_writing = opened.before_writing
        self.layout = opened.layout
        self.options = opened.options
        self.events = opened.events
        self._memo = Memo()
        self._children = Children()
        self.asked_for: set[PackageId] = set()
        """The packages in which hubs have looked for targets."""

    @property
    def output_base(self) -> Path:
        return self.layout.output_base

    @functools.cached_property
    def host_platform(self) -> Platform:
        machine = this_machine()
        plain = Platform.parse(f"{machine.system}_{machine.processor}")
        return Platform(plain.os, plain.cpu, Libc(machine.libc), machine.libc_version)

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
        return with_unified_hub(found)

    @property
    def main_mapping(self) -> Mapping[str, str]:
        return self.modules.mapping_of(MAIN_REPOSITORY)

    @functools.cached_property
    def extensions(self) -> Extensions:
        found = read_extensions(
            self.modules.of_builtin_extensions(),
            read_file=self._text_of,
            variable=lambda name: self.sources.observer.variable(name),
        )
        for warning in found.warnings:
            self.events.emit(Message(Severity.WARNING, warning, repeated=False))
        return found

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
            network=lambda: self._indexes.network(),
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
            **{name: hub.packages for name, hub in self.hubs.items()},
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
            locks={
                name: tuple(dict.fromkeys(one.shown for one in hub.locks.projects)) for name, hub in self.hubs.items()
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
            own_names=own_names(),
            print_handler=self._print,
            code_cache=DiskCodeCache(str(self.output_base / "code")),
            modules={
                name: (module.file.name or name, module.file.version) for name, module in self.modules.modules.items()
            },
            host_constraints=host_constraints(self.host_platform),
            surroundings=own_code,
            # Functions of rules run when packages have long been made.
            rule_digest=ValueDigests(without=frozenset({"implementation"})).of,
        )

    def _print(self, text: str, place: Place) -> None:
        self.events.emit(Message(Severity.DEBUG, f"{place}: {text}"))

    def directory_of(self, repository: str) -> Path:
        """Where the sources of a repository are."""
        return self.repositories.directory_of(repository)

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
            archives=RuntimeArchives(self.extensions, lambda: self._indexes.downloads()),
            debian=DebianInterpreters(self._locked_pythons, lambda files: self.sources.files.fetch_all(files)),
            exact=self.extensions.exact_versions,
        )

    def _locked_pythons(self) -> tuple[LockedPython, ...]:
        from venvship.session.debian_locks import locked_pythons

        return locked_pythons(self.modules, lambda: self.loader.bzl, root=self.root)

    @functools.cached_property
    def _indexes(self) -> WorkspaceIndexes:
        from venvship.session.workspace_indexes import WorkspaceIndexes

        return WorkspaceIndexes(
            self.options,
            root=self.root,
            user_root=self.layout.user_root,
            events=self.events,
            projects=lambda: [project for hub in self.extensions.hubs.values() for project in hub],
        )

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
            indexes=self._indexes.indexes,
            said_of=self._indexes.said_of,
            offline=self.options.offline,
            events=self.events,
            interpreters=self.interpreters,
            trees=self.trees,
            children=self._children,
            isolation=isolation if self.options.sandbox else no_isolation,
            host=self.host_platform,
            has_target=self._has_target,
            members=self.members,
            read_file=self._recorded.read,
        )
        return make_hubs(self.extensions, around)

    @functools.cached_property
    def members(self) -> WorkspaceMembers:
        return WorkspaceMembers(self.directory_of, self._recorded.read)

    @property
    def _recorded(self) -> RecordedFiles:
        return RecordedFiles(DiskFiles(), self._memo)

    def _has_target(self, label: Label) -> bool:
        """Whether the workspace has a rule target of that name that is no program.

        A service is called like its directory, and needs the project that lies there.
        """
        self.asked_for.add(label.package)
        if not self.loader.exists(label.package):
            return False
        try:
            target = self.loader.target(label)
        except UserError:
            return False
        return isinstance(target, RuleTarget) and not target.rule_class.is_executable

    def locks(self) -> Sequence[Path]:
        """The lock files that fill hubs."""
        return [path_of(project.lock, self.root) for hub in self.extensions.hubs.values() for project in hub]
