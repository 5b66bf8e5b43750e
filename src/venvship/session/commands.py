"""What the command line asks of a workspace."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from venvship.analysis.action_graph import ActionGraph
from venvship.analysis.configured_target import ConfiguredTarget
from venvship.events.build_events import EventSink, Message, Severity
from venvship.execution.layout import Layout, default_user_root
from venvship.execution.result import ExecutionResult
from venvship.execution.runfiles_tree import RUNFILES_SUFFIX
from venvship.host.locks import FileLock, LockHeld
from venvship.loading.disk_files import DiskFiles
from venvship.loading.workspace import NotInWorkspace, find_uv_workspace, find_workspace
from venvship.model.artifact import Artifact
from venvship.model.label import Label
from venvship.model.paths import join
from venvship.model.provider import RunEnvironmentInfo
from venvship.session.footprint import Changed, Footprint
from venvship.session.image_summary import image_summary
from venvship.session.opened_paths import OpenedPath
from venvship.session.options import SessionOptions, TestOptions
from venvship.session.outcomes import ImageSummary, SyncOutcome, TestOutcome
from venvship.session.root_venv import sync_root_venv
from venvship.session.stamp import Stamp
from venvship.session.testing import run_test_targets
from venvship.session.workspace_session import Session


class CommandSession(Session):
    """A session with everything that commands do."""

    def __init__(
        self,
        root: Path,
        layout: Layout,
        options: SessionOptions,
        events: EventSink,
        *,
        before_writing: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(root, layout, options, events, before_writing=before_writing)
        self._results: list[ExecutionResult] = []
        self._programs: dict[str, None] = {}
        self._tests: dict[Label, None] = {}

    def execute(self, artifacts: Iterable[Artifact], graph: ActionGraph) -> ExecutionResult:
        result = super().execute(artifacts, graph)
        self._results.append(result)
        return result

    def lay_out_runfiles(self, target: ConfiguredTarget, graph: ActionGraph, result: ExecutionResult) -> Path | None:
        directory = super().lay_out_runfiles(target, graph, result)
        if directory is not None:
            self._programs[str(directory).removesuffix(RUNFILES_SUFFIX)] = None
        return directory

    def stamp(self, opened: Mapping[str, OpenedPath], *, started: int, variables: Iterable[str] = ()) -> Stamp | None:
        """What this command read and left; None when some of it changed meanwhile.

        `opened` are the files that it opened so far, `variables` those that its flags inherit, and `started` is when
        it began, in nanoseconds.
        """
        footprint = Footprint()
        try:
            footprint.add_program(started=started)
            footprint.add_observations(self._memo)
            footprint.add_external(str(self.output_base / "external"))
            for result in self._results:
                footprint.add_outputs(result.outputs, self.exec_root)
            for program in self._programs:
                footprint.add_runfiles(program)
            for label in self._tests:
                footprint.add_files_below(self._log_directory(label))
            if self.options.symlink_prefix != "/":
                for name in ("bin", "out", "testlogs"):
                    link = f"{self.root}/{self.options.symlink_prefix}{name}"
                    footprint.add_link(link, os.readlink(link))
            for variable in (*variables, *self._variables_of_tests()):
                footprint.add_variable(variable, os.environ.get(variable))
            footprint.add_opened(opened, workspace=str(self.root), started=started)
            return footprint.stamp(os.environ)
        except (Changed, OSError):
            return None

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
        outcome = run_test_targets(self, labels, options, client_environment=os.environ)
        self._tests.update(dict.fromkeys(result.label for result in outcome.results))
        return outcome

    def image(self, label: Label) -> ImageSummary:
        """Build an image and describe it."""
        return image_summary(self, label)

    def sync(self, labels: Sequence[Label], *, check: bool) -> SyncOutcome:
        """Write the venv at the root of the workspace, or compare it."""
        return sync_root_venv(self, labels, check=check)


@contextlib.contextmanager
def open_session(start: Path, options: SessionOptions, events: EventSink) -> Iterator[CommandSession]:
    """Open the workspace that holds `start`; other commands in it wait. Raises NotInWorkspace and LockHeld."""
    root = find_workspace(str(start), DiskFiles())
    if root is None:
        raise NotInWorkspace(str(start), uv_workspace=find_uv_workspace(str(start), DiskFiles()))
    user_root = options.output_user_root or default_user_root(os.environ)
    layout = Layout.of(Path(root), user_root)
    lock = _WorkspaceLock(layout, options, events)
    if not options.read_only:
        lock.take()
    session = CommandSession(Path(root), layout, options, events, before_writing=lock.take)
    with contextlib.closing(lock), contextlib.closing(session):
        yield session


class _WorkspaceLock:
    """The lock of a workspace, taken when it is first needed and kept until the command ends."""

    def __init__(self, layout: Layout, options: SessionOptions, events: EventSink) -> None:
        self._lock = FileLock(layout.lock)
        self._options = options
        self._events = events
        self._taken = False

    def take(self) -> None:
        if self._taken:
            return
        try:
            self._lock.try_acquire()
        except LockHeld as error:
            if not self._options.block_for_lock:
                raise
            self._events.emit(Message(Severity.INFO, f"{error.message}; waiting for it"))
            self._lock.acquire()
        self._taken = True

    def close(self) -> None:
        self._lock.release()
