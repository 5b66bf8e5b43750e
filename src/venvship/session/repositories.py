"""All repositories of a workspace: the workspace, modules, hubs, and what venvship supplies itself."""

from __future__ import annotations

import functools
import importlib.resources
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError, VenvshipError
from venvship.events.build_events import EventSink, Message, PhaseProgress, PhaseStarted, Severity
from venvship.execution.layout import Layout
from venvship.host.processes import Children
from venvship.loading.bzl_loader import BzlLoader
from venvship.loading.repositories import GeneratedPackages, NoSuchRepository, Repository, TargetSpec
from venvship.memo.computation import Memo
from venvship.memo.keys import Key
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.modules.module_file import ArchiveOverride, GitOverride, LocalPathOverride
from venvship.modules.module_graph import Module, ModuleGraph
from venvship.modules.module_sources import AbsentSource, BuiltinSource, RegistrySource, RootSource, UnknownModule
from venvship.modules.registry_documents import LOCK_FILE, read_pinned
from venvship.repos.debian_mirrors import DebianMirrors
from venvship.repos.external_store import ExternalStore, Observer
from venvship.repos.registry_index import Registries, RegistryIndex
from venvship.repos.web_files import WebFiles

if TYPE_CHECKING:
    # Few workspaces have repositories that are fetched.
    from venvship.repos.module_sources import ModuleSources
    from venvship.repos.network import Network
    from venvship.repos.written_repositories import WrittenRepositories

_FOREIGN_MODULES = frozenset({"rules_cc", "rules_java", "rules_proto"})
"""Built-in modules that have some names of rules for other languages, and stand for all of them."""

_FOREIGN = "it is for a language that is not built here"


class UnsuppliedRepository(UserError):
    """A repository that `use_repo` imports and that its extension does not make."""


@dataclass(frozen=True, slots=True)
class FixedPackage:
    """A repository with one package, its root, and fixed targets: names of rule classes and of targets."""

    targets: tuple[tuple[str, str], ...]

    def package(self, path: str) -> Sequence[TargetSpec] | None:
        return None if path else [TargetSpec(rule, name) for rule, name in self.targets]

    def package_paths(self) -> Iterable[str]:
        return ("",)

    def source(self, path: str) -> bytes | None:
        return None

    def source_paths(self) -> Iterable[str]:
        return ()


def builtin_modules_root() -> Path:
    """The directory that holds the built-in modules, one below the other."""
    return Path(str(importlib.resources.files("venvship.modules").joinpath("builtin")))


class ExternalSources:
    """How repositories are brought to this machine; shared by everything that does so in one command."""

    def __init__(
        self,
        layout: Layout,
        *,
        memo: Memo,
        events: EventSink,
        children: Children,
        network: Callable[[], Network],
        environment: Mapping[str, str],
        registries: Sequence[str] = (),
        offline: bool = False,
        debian_mirrors: Sequence[str] = (),
        before_writing: Callable[[], None] = lambda: None,
    ) -> None:
        self.layout = layout
        self.memo = memo
        self.events = events
        self.children = children
        self.observer = Observer(memo, dict(environment))
        self.debian = DebianMirrors(debian_mirrors, environment=environment)
        self.files = WebFiles(
            layout.user_root / "downloads", network=network, events=events, offline=offline, debian=self.debian
        )
        self.store = ExternalStore(layout.output_base / "external", self.observer, before_making=before_writing)
        self.registries = Registries(tuple(registries), self._registry)

    @functools.cached_property
    def modules(self) -> ModuleSources:
        from venvship.repos.module_sources import ModuleSources

        return ModuleSources(
            workspace=self.layout.workspace,
            store=self.store,
            registries=self.registries,
            files=self.files,
            children=self.children,
            report=self._fetching,
        )

    @functools.cached_property
    def _pinned(self) -> Mapping[str, str | None]:
        return read_pinned(self.observer.files.read(str(self.layout.workspace / LOCK_FILE)))

    def _registry(self, address: str) -> RegistryIndex:
        return RegistryIndex(
            address,
            workspace=self.layout.workspace,
            files=self.files,
            cache=self.layout.user_root / "registries",
            read_local=self.observer.files.read,
            pinned=self._pinned,
        )

    def _fetching(self, name: str) -> None:
        self.events.emit(PhaseStarted("fetching"))
        self.events.emit(PhaseProgress(0, None, f"@@{name}"))


@dataclass(frozen=True, slots=True)
class RepositoryKey(Key[Repository]):
    """A repository that is obtained when it is needed."""

    name: str

    def __str__(self) -> str:
        return f"repository @@{self.name}"


class WorkspaceRepositories:
    """Every repository by canonical name; what comes from elsewhere is obtained when it is asked for."""

    def __init__(
        self,
        workspace: Path,
        graph: ModuleGraph,
        generated: Mapping[str, GeneratedPackages],
        sources: ExternalSources,
        *,
        bzl: Callable[[], BzlLoader],
        print_handler: Callable[[str, Place], None],
        replaced: Mapping[str, Path] | None = None,
        locks: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """By canonical name, `replaced` gives directories that stand for repositories, and `locks` what fills them."""
        self._workspace = workspace
        self._graph = graph
        self._generated = generated
        self._sources = sources
        self._replaced = dict(replaced or {})
        self._locks = dict(locks or {})
        self._made: dict[str, Repository] = {}
        self._has_told_of_absent = False
        self._bzl = bzl
        self._print_handler = print_handler
        for name, usages in graph.extension_repositories().items():
            if name not in generated and name not in self._replaced:
                raise UnsuppliedRepository(
                    f"extension `{usages[0].extension}` makes no repository `{name}`",
                    place=usages[0].usage.place,
                    hint="take the name out of `use_repo`, or add the tag that makes it",
                )

    @functools.cached_property
    def _written(self) -> WrittenRepositories:
        from venvship.repos.written_repositories import WrittenRepositories

        sources = self._sources
        return WrittenRepositories(
            self._graph,
            memo=sources.memo,
            bzl=self._bzl,
            repositories=self,
            store=sources.store,
            observer=sources.observer,
            files=sources.files,
            children=sources.children,
            events=sources.events,
            workspace=self._workspace,
            scratch=sources.layout.output_base / "external" / "@extensions",
            print_handler=self._print_handler,
        )

    def get(self, canonical_name: str) -> Repository:
        found = self._made.get(canonical_name)
        if found is None:
            found = self._sources.memo.compute(RepositoryKey(canonical_name), lambda: self._obtain(canonical_name))
            self._made[canonical_name] = found
        return found

    def expect(self, canonical_names: Iterable[str]) -> None:
        """Be told which repositories will be asked for, so that what they fetch one by one is fetched at once."""
        known = (self._made, self._generated, self._replaced, self._graph.modules)
        new = [name for name in canonical_names if not any(name in of for of in known)]
        if len(new) > 1:
            self._written.fetch_ahead(new)

    def directory_of(self, canonical_name: str) -> Path:
        """Where the files of a repository are that something was loaded from."""
        root = self.get(canonical_name).root
        assert root is not None, canonical_name
        return Path(root)

    def places(self) -> list[str]:
        """Directories outside of the caches that hold sources of repositories which something was loaded from."""
        found: dict[str, None] = {}
        for repository in list(self._made.values()):
            if repository.root is None:
                continue
            found[repository.root] = None
            if not repository.root.startswith(f"{self._sources.layout.output_base}/"):
                continue
            # Repositories may be made of links to directories of the user.
            for entry in os.scandir(repository.root):
                if entry.is_symlink():
                    real = os.path.realpath(entry.path)
                    found[real if os.path.isdir(real) else os.path.dirname(real)] = None
        return list(found)

    def _obtain(self, name: str) -> Repository:
        directory = self._replaced.get(name)
        module = self._graph.modules.get(name)
        if directory is not None:
            return Repository(name, self._graph.mapping_of(name), root=str(directory))
        absent = self._graph.absence(name)
        if absent is not None:
            self._tell_of_absent()
            return Repository(name, self._graph.mapping_of(name), absent=absent)
        if module is not None:
            is_builtin = isinstance(module.source, BuiltinSource)
            root = self._root(module)
            absent = AbsentSource(name, _FOREIGN) if is_builtin and name in _FOREIGN_MODULES else None
            lacking = functools.partial(self._lacking, name) if is_builtin else None
            return Repository(name, module.mapping, root, is_builtin=is_builtin, absent=absent, lacking=lacking)
        if name in self._generated:
            return Repository(
                name,
                self._graph.mapping_of(MAIN_REPOSITORY),
                generated=self._generated[name],
                locks=self._locks.get(name, ()),
            )
        absent = self._unmade(name)
        if absent is not None:
            return Repository(name, self._graph.mapping_of(name), absent=absent)
        written = self._written.get(name)
        if written is None:
            raise NoSuchRepository(name, [*self._graph.modules, *self._generated, *self._written.names()])
        return written

    def _unmade(self, name: str) -> AbsentSource | None:
        """Why a repository is not there that an extension of a built-in module makes for others: it has none such."""
        for prefix, usages in self._graph.written_extensions().items():
            if not name.startswith(prefix):
                continue
            label = Label.parse(usages[0].label, relative_to=PackageId(MAIN_REPOSITORY, ""))
            module = self._graph.modules.get(label.repository)
            if module is None or not isinstance(module.source, BuiltinSource):
                return None
            file = builtin_modules_root() / label.repository / label.package.path / label.name
            if file.is_file():
                return None
            what = f"the extension `{usages[0].usage}`, which would make it, does not come with venvship"
            return AbsentSource(label.repository, what, usages[0].usage.place)
        return None

    def _lacking(self, module: str, path: str) -> AbsentSource:
        """A file that a module has elsewhere, and not as it comes with venvship."""
        directory, _, name = path.rpartition("/")
        what = f"`@{module}//{directory}:{name}` does not come with venvship"
        text = f"{what}; `...` and `:all` pass over the targets of its rules"
        self._sources.events.emit(Message(Severity.WARNING, text))
        advice = f"`--override_module={module}=PATH` puts a copy of the module in the place of the one that is built in"
        return AbsentSource(module, f"{what}, which has a `{module}` of its own", hint=advice)

    def _tell_of_absent(self) -> None:
        """Say once, and not before something is loaded from one, which modules nobody has."""
        if self._has_told_of_absent:
            return
        self._has_told_of_absent = True
        found = [absent for name in self._graph.modules if (absent := self._graph.absence(name)) is not None]
        untold = [absent for absent in found if not absent.was_tried]
        if untold:
            names = ", ".join(f"`{absent.name}`" for absent in untold)
            what = f"no registry is given, and these modules are not built in: {names}"
            text = f"{untold[0].place}: {what}; `...` and `:all` pass over the targets of their rules"
            self._sources.events.emit(Message(Severity.WARNING, text))

    def _root(self, module: Module) -> str:
        match module.source:
            case RootSource():
                return str(self._workspace)
            case BuiltinSource(name):
                return str(builtin_modules_root() / name)
            case LocalPathOverride(path=path):
                return os.path.normpath(os.path.join(self._workspace, path))
            case AbsentSource():
                raise UnknownModule(module.source)
            case ArchiveOverride() | GitOverride() | RegistrySource():
                try:
                    return str(self._sources.modules.obtain(module.canonical_name, module.source))
                except VenvshipError as error:
                    error.chain = (*error.chain, f"needed for module `{module.canonical_name}`")
                    raise
