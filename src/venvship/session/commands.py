"""What the command line asks of a workspace."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from venvship.analysis.action_graph import ActionGraph
from venvship.errors import without_passwords
from venvship.events.build_events import EventSink
from venvship.execution.graph_writer import GraphWriter
from venvship.execution.layout import Layout, default_user_root
from venvship.execution.outputs import OutputTree
from venvship.execution.result import ExecutionResult
from venvship.execution.test_request import is_kept, test_log_directory
from venvship.execution.unresumable import Unresumable
from venvship.loading.bzl_loader import BzlKey
from venvship.loading.disk_files import DiskFiles
from venvship.loading.files import DirectoryEntry, EntryKind
from venvship.loading.kept_packages import VersionKey
from venvship.loading.package_loader import PackageKey
from venvship.loading.workspace import MODULE_FILE, NotInWorkspace, find_uv_workspace, find_workspace
from venvship.memo.keys import DirectoryEntries, FileContent
from venvship.model.action import MakeForest
from venvship.model.artifact import Artifact
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.paths import join
from venvship.model.provider import RunEnvironmentInfo
from venvship.rules.core.genquery import GENQUERY_KIND
from venvship.session.build_record import BuildRecord
from venvship.session.bzl_record import BzlRecord
from venvship.session.bzl_values import BzlWriter, LookAgainKey, packages_concerned
from venvship.session.changed_inputs import LookAgain
from venvship.session.footprint import Changed, Footprint
from venvship.session.kept_forests import Forest
from venvship.session.listing import without_links
from venvship.session.loading_record import LoadingRecord, LoadingWriter, names_of
from venvship.session.lock_record import LockRecord
from venvship.session.module_record import ModuleRecord
from venvship.session.opened_paths import OpenedPath, opened_so_far
from venvship.session.options import SessionOptions, TestOptions
from venvship.session.outcomes import ImageSummary, SyncOutcome, TestOutcome
from venvship.session.same_file import PROJECT_FILE
from venvship.session.stamp import Stamp
from venvship.session.value_digests import ValueDigests
from venvship.session.workspace_loading import OpenedWorkspace
from venvship.session.workspace_lock import WorkspaceLock
from venvship.session.workspace_session import Session


class CommandSession(Session):
    """A session with everything that commands do."""

    def __init__(self, opened: OpenedWorkspace) -> None:
        super().__init__(opened)
        self._results: list[ExecutionResult] = []
        self._tests: dict[Label, None] = {}
        self._opened_before_execution: frozenset[str] = frozenset()
        self._projects: dict[str, bytes] = {}
        self._graph: ActionGraph | None = None
        self._digests = ValueDigests()
        self.has_waited = False
        """Whether another command was running in the workspace when this session was opened."""

    def execute(
        self, artifacts: Iterable[Artifact], graph: ActionGraph, *, if_made: Iterable[Artifact] = ()
    ) -> ExecutionResult:
        if not self._results:
            self._opened_before_execution = opened_so_far()
            self._projects = self._read_projects()
        self._graph = graph
        result = super().execute(artifacts, graph, if_made=if_made)
        self._results.append(result)
        return result

    def _read_projects(self) -> dict[str, bytes]:
        """The `pyproject.toml` files that were read; a stamp is made only if they are still what they were."""
        paths = (path for path in self._opened_before_execution if path.endswith(f"/{PROJECT_FILE}"))
        found = ((path, DiskFiles().read(path)) for path in paths if path.startswith(f"{self.root}/"))
        return {path: text for path, text in found if text is not None}

    def stamp(
        self,
        opened: Mapping[str, OpenedPath],
        *,
        started: int,
        variables: Iterable[str] = (),
        left: Iterable[str] = (),
    ) -> Stamp | None:
        """What this command read and left; None when some of it changed meanwhile, or can change unseen.

        `opened` are the files that it opened so far, `variables` those that its flags inherit, `left` are files and
        links that it made outside of the outputs, and `started` is when it began, in nanoseconds.
        """
        if self.has_asked_a_command:
            return None
        footprint = Footprint(looked=started)
        try:
            footprint.add_program(started=started)
            footprint.add_observations(self._memo)
            footprint.add_external(str(self.output_base / "external"))
            if self._results:
                # Each result has all that was executed before it.
                result = self._results[-1]
                footprint.add_outputs(result.outputs.texts(), self.exec_root, result.traces)
            for program in self.exec_root.laid_out:
                footprint.add_runfiles(self.exec_root.output_path(program))
            for directory in self.exec_root.shared:
                footprint.add_shared(directory)
            for label in self._tests:
                footprint.add_files_below(self._log_directory(label))
            for path in left:
                footprint.add_left(path)
            if self.options.symlink_prefix != "/" and self.has_convenience_links:
                for name in ("bin", "out", "testlogs"):
                    link = f"{self.root}/{self.options.symlink_prefix}{name}"
                    footprint.add_link(link, os.readlink(link))
            for variable in (*variables, *self._variables_of_tests()):
                footprint.add_variable(variable, os.environ.get(variable))
            for hub in self.hubs.values():
                for project in hub.locks.projects:
                    if project.sha256 is not None:
                        footprint.add_file(str(project.path), project.sha256)
            footprint.add_opened(opened, workspace=str(self.root), started=started)
            return footprint.stamp(os.environ)
        except (Changed, OSError):
            return None

    def forests(self) -> list[Forest]:
        """The directories of links and small files that this command made or found made."""
        actions = self._results[-1].actions if self._results else ()
        return [
            (
                self.exec_root.output_path(action.directory),
                sum(1 for _ in action.links()),
                [path for path, _, _ in action.files()],
            )
            for action in actions
            if isinstance(action, MakeForest)
        ]

    def record(self, requested: Sequence[Label], *, wildcards: bool | None) -> BuildRecord | None:
        """What this command knows of the build, for one that goes on from there; None where nothing was executed.

        `requested` are its targets, and `wildcards` says whether these were found by wildcards alone.
        """
        if not self._results:
            return None
        # Each result has all that was executed before it.
        result = self._results[-1]
        sources = self.exec_root.sources
        writer = GraphWriter(
            result.outputs.text,
            is_ready=self.exec_root.is_laid_out,
            is_of_forest=self._is_of_forest,
        )
        for program in self.exec_root.laid_out.values():
            writer.add_program(program)
        for action in result.actions:
            writer.add_action(action, result.keys[action.outputs[0].exec_path])
        for request in self.test_requests:
            writer.add_test(request)
        for artifact in result.outputs:
            if artifact.is_source:
                writer.add_source(artifact)
        record = BuildRecord(
            platform=self.machinery.platform,
            visible=self.machinery.visible,
            total=len(result.actions),
            mapping=dict(self.main_mapping),
            tests=[names_of(request.label) for request in self.test_requests],
            test_logs=[str(self.execution_root / test_log_directory(request)) for request in self.test_requests],
            kept=[is_kept(request) for request in self.test_requests],
        )
        for number, artifact in writer.sources:
            repository = artifact.root.repository
            if sources.is_lazy(artifact):
                record.lazy.append(number)
                continue
            if repository:
                record.repositories[repository] = str(self.directory_of(repository))
            path = sources.path_of(artifact)
            is_tree = isinstance(result.outputs[artifact], OutputTree)
            (record.directories if is_tree else record.files)[path] = number
        record.graph = writer.record()
        loading = LoadingWriter(self._digests)
        loading.record.requested = [loading.number(label) for label in requested]
        # An aspect of the command line looks at targets that it was not asked for, and a query at whole packages.
        looks_further = self.options.aspects or any(one.kind == GENQUERY_KIND for one in self.analyzer.targets)
        loading.record.wildcards = None if looks_further else wildcards
        loading.add_outputs(self._graph.owners() if self._graph is not None else ())
        loading.add_executed(action.owner for action in result.actions)
        for label, others in self.analyzer.references():
            loading.add_references(label, others)
        for label, onward, others in self.analyzer.aspect_steps():
            loading.add_aspects(label, others, onward=onward)
        self._note_files(record, loading)
        record.loading = loading.record.packed()
        looked_at = self.sources.observer.looked_at
        known = (record.programs.keys() | record.listings.keys()) - looked_at
        record.opened = sorted((self._opened_before_execution | looked_at) - known)
        return record

    def _note_files(self, record: BuildRecord, loading: LoadingWriter) -> None:
        """Which files and directories loading read, and for which packages."""
        loading.record.asked = [one.path for one in self.asked_for]
        versioned = self._memo.readers().get(VersionKey(MAIN_REPOSITORY), ())
        loading.record.versioned = [one.package.path for one in versioned if isinstance(one, PackageKey)]
        observed = {key.path for key, _ in self._memo.observations() if isinstance(key, FileContent)}
        record.programs.update(
            (path, text) for path, text in self._projects.items() if path not in observed and not _has_password(text)
        )
        readers = self._memo.readers()
        for key, seen in self._memo.observations():
            by = readers.get(key, [])
            packages = [one.package.path for one in by if isinstance(one, PackageKey) and not one.package.repository]
            match key:
                case FileContent(path) if path.startswith(f"{self.root}/") and path.endswith(f"/{PROJECT_FILE}"):
                    text = None if seen.fingerprint is None else self._memo.value_of(key)
                    if text is not None and not _has_password(text):
                        record.programs[path] = text
                case FileContent(path) if by and not self._memo.was_asked_outside(key):
                    text = self._memo.value_of(key)
                    if text is None or not all(isinstance(one, BzlKey | PackageKey) for one in by):
                        continue
                    record.programs[path] = text
                    if len(packages) == len(by):
                        loading.record.readers[path] = packages
                case FileContent(path) if path == f"{self.root}/{MODULE_FILE}":
                    record.programs[path] = self._memo.value_of(key) or b""
                case DirectoryEntries(path) if seen.fingerprint is not None:
                    record.listings[path] = seen.fingerprint
                    value = self._memo.value_of(key)
                    if len(packages) == len(by):
                        loading.record.readers[path] = packages
                        entries = [DirectoryEntry(name, EntryKind(kind), is_link) for name, kind, is_link in value]
                        loading.record.listings[path] = without_links(entries)
        bzl = BzlWriter(str(self.root), self._digests)
        bzl.add_modules(self._memo)
        for path in dict.fromkeys(one for packages in loading.record.readers.values() for one in packages):
            package = self.loader.load(PackageId(MAIN_REPOSITORY, path))
            loading.add_package(package)
            bzl.add_package(package)
        loading.record.bzl = bzl.record.packed()
        loading.record.locks = self._lock_record().packed()
        loading.record.graph = ModuleRecord.of(self.modules, self.extensions).packed()

    def _lock_record(self) -> LockRecord:
        if not self.hubs:
            return LockRecord()
        from venvship.session.lock_values import lock_record

        return lock_record(self.hubs, self._memo, self.sources.observer.looked_at)

    def _is_of_forest(self, artifact: Artifact) -> bool:
        return self._graph is not None and isinstance(self._graph.generating(artifact), MakeForest)

    def concerned(self, loading: LoadingRecord, again: LookAgain) -> tuple[list[str], set[int]]:
        """The packages that are to be loaded again, and the numbers of targets that the changes concern.

        Raises Unresumable, and what is wrong with what has changed.
        """
        packages = dict.fromkeys([*again.packages, *self._of_modules(loading, again.modules)])
        changed: list[Label] = []
        if again.graph:
            known, now = ModuleRecord.unpacked(loading.graph), ModuleRecord.of(self.modules, self.extensions)
            if not known.allows(now):
                raise Unresumable(again.graph[0])
            if known.version != now.version:
                packages.update(dict.fromkeys(loading.versioned))
            changed += self._of_overrides(loading, known.overridden(now))
        for path in packages:
            package = self.loader.load(PackageId(MAIN_REPOSITORY, path))
            changed += [Label(package.id, name) for name in loading.changed_in(package, self._digests)]
        changed += [*self._of_locks(loading, again.locks), *self._of_projects(loading, again.projects)]
        return [*packages], loading.concerned(changed)

    def _of_modules(self, loading: LoadingRecord, paths: Sequence[str]) -> Sequence[str]:
        """The packages that `.bzl` files concern."""
        if not paths:
            return ()
        record = BzlRecord.unpacked(loading.bzl)
        affected = record.affected(paths)

        def look() -> tuple[str, ...]:
            return tuple(packages_concerned(record, affected, self.loader.bzl.load, self._digests))

        return self._memo.compute(LookAgainKey(tuple(affected)), look)

    def _of_locks(self, loading: LoadingRecord, paths: Sequence[str]) -> Iterator[Label]:
        """The targets of hubs that locks concern."""
        if not paths:
            return
        from venvship.session.lock_values import distributions_concerned

        record = LockRecord.unpacked(loading.locks)
        record.check(paths)
        yield from loading.labels_in(distributions_concerned(record, paths, self.hubs))

    def _of_overrides(self, loading: LoadingRecord, names: Sequence[str]) -> Iterator[Label]:
        """The targets of distributions that something else is different about."""
        if not names:
            return
        from venvship.session.lock_values import packages_of

        if LockRecord.unpacked(loading.locks).built:
            # How something was built, which others were built with, perhaps.
            raise Unresumable(names[0])
        yield from loading.labels_in(packages_of(names, self.hubs))

    def _of_projects(self, loading: LoadingRecord, paths: Sequence[str]) -> Iterator[Label]:
        """The targets that are, or stand for, what projects of the workspace are installed as."""
        if not paths:
            return
        directories = {path.removeprefix(f"{self.root}/").rpartition("/")[0] for path in paths}
        packages = {(MAIN_REPOSITORY, directory) for directory in directories}
        for name, hub in self.hubs.items():
            from venvship.session.lock_values import packages_of_members

            packages |= {(name, package) for package in packages_of_members(hub, directories)}
        yield from loading.labels_in(packages)

    def _log_directory(self, label: Label) -> str:
        repository = join("external", label.repository) if label.repository else ""
        return str(self.test_logs / join(repository, label.package.path, label.name))

    def _variables_of_tests(self) -> Iterator[str]:
        for target in self.analyzer.targets if self._tests else ():
            info = target.get(RunEnvironmentInfo)
            if info is not None:
                yield from info.inherited

    def test(self, labels: Sequence[Label], options: TestOptions) -> TestOutcome:
        """Build and run tests; targets that are no tests are only built."""
        from venvship.session.testing import run_test_targets

        outcome = run_test_targets(self, labels, options, client_environment=os.environ)
        self._tests.update(dict.fromkeys(result.label for result in outcome.results))
        return outcome

    def images(self, label: Label) -> Sequence[ImageSummary]:
        """Build an image, or an index of several, and describe them."""
        from venvship.session.image_summary import image_summaries

        return image_summaries(self, label)

    def sync(self, labels: Sequence[Label], *, check: bool) -> SyncOutcome:
        """Write the venv at the root of the workspace, or compare it."""
        from venvship.session.root_venv import sync_root_venv

        return sync_root_venv(self, labels, check=check)


@contextlib.contextmanager
def open_session(start: Path, options: SessionOptions, events: EventSink) -> Iterator[CommandSession]:
    """Open the workspace that holds `start`; other commands in it wait. Raises NotInWorkspace and LockHeld."""
    root = find_workspace(str(start), DiskFiles())
    if root is None:
        raise NotInWorkspace(str(start), uv_workspace=find_uv_workspace(str(start), DiskFiles()))
    user_root = options.output_user_root or default_user_root(os.environ)
    layout = Layout.of(Path(root), user_root)
    lock = WorkspaceLock(layout, options, events)
    if not options.read_only:
        lock.take()
    session = CommandSession(OpenedWorkspace(Path(root), layout, options, events, before_writing=lock.take))
    session.has_waited = lock.has_waited
    with contextlib.closing(lock), contextlib.closing(session):
        yield session


def _has_password(project: bytes) -> bool:
    """Whether the text of a project names indexes with passwords; it is kept nowhere, and each change concerns all."""
    text = project.decode("utf-8", "replace")
    return without_passwords(text) != text
