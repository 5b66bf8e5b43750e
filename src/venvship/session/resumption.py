"""Goes on from where an earlier command ended, when nothing but files has changed that loading did not look into.

A build whose sources have changed has the graph of the one before. So nothing is loaded and nothing analysed: the
record of that build says which actions and tests the changes concern, and only these are looked at. Whenever there is
any doubt — a file that loading read and that is another program now, a directory that lists other names, an output
that no kept action makes, an action that fails — the command goes the ordinary way, which finds done what was done.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from venvship.blobs.disk import DiskBlobStore
from venvship.dataclass import dataclass
from venvship.events.build_events import EventSink, PhaseStarted, TestFinished
from venvship.execution.action_cache import DiskActionCache
from venvship.execution.exec_root import ExecRoot
from venvship.execution.graph_record import GraphRecord, Part
from venvship.execution.layout import Layout
from venvship.execution.machinery import Machinery
from venvship.execution.output_state import OutputState
from venvship.execution.outputs import OutputFile, Outputs, OutputTree, is_file
from venvship.execution.recorded_state import RecordedState
from venvship.execution.result import ExecutionResult
from venvship.execution.runfiles_tree import lay_out
from venvship.execution.scheduler import Scheduler, no_layout
from venvship.execution.source_state import LazySource, SourceState
from venvship.execution.test_following import FollowedLogs
from venvship.execution.test_runner import TestRunner, not_followed
from venvship.execution.test_scheduler import run_tests
from venvship.execution.trees import TreeStore
from venvship.execution.unresumable import Unresumable
from venvship.execution.workers import WorkerPool, accelerators
from venvship.host.machine import cpu_count
from venvship.host.processes import Children
from venvship.host.sandbox import isolation, no_isolation
from venvship.model.action import Program, Spawn
from venvship.model.artifact import Artifact
from venvship.model.digest import Digest
from venvship.model.label import Label
from venvship.session.build_record import BuildRecord
from venvship.session.changed_inputs import directory_of
from venvship.session.footprint import Changed, Footprint
from venvship.session.loading_record import names_of
from venvship.session.options import SessionOptions, TestOptions
from venvship.session.outcomes import BuildOutcome
from venvship.session.renewal import renewed
from venvship.session.same_file import says_the_same
from venvship.session.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Resumed:
    """What the command made; the stamp and the record are for the next one, if nothing has changed meanwhile."""

    outcome: BuildOutcome
    results: tuple[TestFinished, ...]
    record: BuildRecord
    stamp: Stamp | None


class Resumption:
    """One attempt, made while the lock of the workspace is held. Every method raises Unresumable."""

    def __init__(
        self,
        stamp: Stamp,
        record: BuildRecord,
        layout: Layout,
        options: SessionOptions,
        events: EventSink,
        *,
        started: int,
    ) -> None:
        """`started` is the time before the stamp was compared, in nanoseconds."""
        self._stamp = stamp
        self._record = record
        self._graph = GraphRecord(record.graph)
        self._layout = layout
        self._options = options
        self._events = events
        self._started = started
        self._children = Children()
        self._lazy_numbers = frozenset(record.lazy)
        self._sources = SourceState(
            layout.workspace, repository_directory=lambda name: Path(record.repositories[name]), lazy=self._lazy
        )
        self._footprint = Footprint(looked=started)
        self._new_sources: dict[int, str] = {}
        self._laid_out: list[str] = []
        self._exec_root = ExecRoot(
            layout.exec_root,
            temporary=layout.temporary,
            links=layout.links,
            runfiles=layout.runfiles,
            sources=self._sources,
            blobs=DiskBlobStore(layout.blobs),
            trees=TreeStore(layout.trees, DiskBlobStore(layout.blobs)),
        )

    def run(
        self,
        changed: Iterable[str],
        tests: TestOptions | None,
        *,
        results: Sequence[TestFinished] = (),
        known: Container[str] = (),
    ) -> Resumed:
        """Make what is out of date, and run the tests that it concerns if there are options for them.

        `results` are those of tests that this command has run already; outputs in directories that are `known` were
        looked at when the stamp was made.
        """
        ended = {names_of(result.label) for result in results}
        outputs = self._stamp.changed_outputs(known=known)
        if outputs is None:
            raise Unresumable(str(self._exec_root.directory))
        logs = {directory: number for number, directory in enumerate(self._record.test_logs)}
        touched: set[str] = set()
        wanted = dict.fromkeys(self._record.unsettled())
        for path in outputs:
            directory = directory_of(path, logs)
            if directory is None:
                touched.add(self._exec_path(path))
            else:
                wanted[logs[directory]] = None
        for path in changed:
            self._take_input(path)
        suspects = [*self._new_sources, *self._graph.numbers_of_outputs(touched)]
        part = self._graph.part(suspects, unread=self._record.unread)
        self._record.unread = []
        wanted.update(dict.fromkeys(part.tests))
        wanted = {number: None for number in wanted if self._record.tests[number] not in ended}
        workers = WorkerPool(
            self._children, self._layout.temporary, packages=accelerators(), user_environment=os.environ
        )
        machinery = Machinery(
            exec_root=self._exec_root,
            state=RecordedState(
                self._graph,
                part.actions,
                touched,
                OutputState(self._layout.output_state),
                self._exec_root.output_path,
            ),
            cache=DiskActionCache(self._layout.actions),
            workers=workers,
            children=self._children,
            events=self._events,
            isolation=isolation if self._options.sandbox else no_isolation,
            platform=self._record.platform,
            visible=self._record.visible,
        )
        scheduler = Scheduler(machinery, jobs=self._options.jobs or cpu_count())
        with workers:
            result = self._execute(part, scheduler)
            every: tuple[TestFinished, ...] = ()
            if tests is not None:
                earlier = {one.label: one for one in (*self._record.earlier_results(), *results)}
                every = self._test(earlier, wanted, tests, machinery, scheduler, result.outputs)
        outcome = self._record.outcome(ran=result.ran, cached=result.cached)
        stamp = self._new_stamp(part, result, wanted if tests is not None else ())
        return Resumed(outcome, every, self._record, stamp)

    # What has changed

    def _take_input(self, path: str) -> None:
        record = self._record
        number = record.files.get(path)
        if number is None:
            number = record.directories.get(directory_of(path, record.directories) or "")
        try:
            if path in record.listings:
                self._footprint.add_directory(path)
                self._footprint.add_listing(path, record.listings[path])
            if path in record.programs:
                self._take_program(path)
            if number is not None and number not in self._new_sources:
                artifact = self._graph.artifact(number)
                output = self._sources.output_of(artifact)
                if isinstance(output, OutputTree) is not self._graph.text(number).startswith("t "):
                    raise Unresumable(path)
                self._footprint.add_outputs([(artifact, str(output))], self._exec_root, {})
                if str(output) != self._graph.text(number):
                    self._new_sources[number] = str(output)
        except (Changed, OSError):
            raise Unresumable(path) from None

    def _take_program(self, path: str) -> None:
        if self._record.messages:
            # They may tell positions.
            raise Unresumable(path)
        text = Path(path).read_bytes()
        if not says_the_same(path, self._record.programs[path], text):
            raise Unresumable(path)
        self._footprint.add_file(path, hashlib.sha256(text).hexdigest())
        self._record.programs[path] = text

    def _exec_path(self, path: str) -> str:
        root = f"{self._exec_root.directory}/"
        if not path.startswith(root):
            raise Unresumable(path)
        return path.removeprefix(root)

    def _lazy(self, artifact: Artifact) -> LazySource | None:
        number = self._graph.number_of(artifact)
        if number is None or number not in self._lazy_numbers:
            return None

        def fetch() -> NoReturn:
            raise Unresumable(artifact.exec_path)

        kind, _, digest = self._graph.text(number).partition(" ")
        return LazySource(OutputFile(Digest.parse(digest), kind == "x"), fetch)

    # What is made

    def _execute(self, part: Part, scheduler: Scheduler) -> ExecutionResult:
        # Runfiles trees hold the texts of links and the places of directories, so these must stay what they are while
        # actions run programs.
        moving = {
            artifact
            for action in part.actions
            for artifact, number in self._graph.outputs_of(action).items()
            if not is_file(self._graph.text(number))
        }
        for node in part.nodes:
            for program in node.action.programs if isinstance(node.action, Spawn) else ():
                if moving and moving.intersection(program.runfiles.artifacts.to_tuple()):
                    raise Unresumable(program.executable.exec_path)
                self._trust(program)
        self._events.emit(PhaseStarted("execution"))
        scheduler.know((self._graph.artifact(number), text) for number, text in self._new_sources.items())
        result = scheduler.execute_part(part.nodes, part.known)
        if result.failures:
            raise Unresumable(str(result.failures[0]))
        for number, text in self._new_sources.items():
            self._graph.note(number, text)
        moved: list[int] = []
        for action in part.actions:
            outputs = self._graph.outputs_of(action)
            self._graph.note_key(action, result.keys[next(iter(outputs)).exec_path])
            for artifact, number in outputs.items():
                text = result.outputs.text(artifact)
                if text != self._graph.text(number) and not is_file(text):
                    moved.append(number)
                self._graph.note(number, text)
        for program in self._graph.programs_with(moved):
            scheduler.know(self._graph.known_of(program))
            self._exec_root.laid_out.pop(program.executable.exec_path, None)
            lay_out(
                program,
                self._exec_root,
                generating=lambda artifact: None,
                content=lambda artifact: result.outputs[artifact],
            )
            self._laid_out.append(self._exec_root.output_path(program.executable.exec_path))
        return result

    def _trust(self, program: Program) -> None:
        """Take a runfiles tree for laid out: it was, and nothing has changed that it is made of."""
        self._exec_root.laid_out[program.executable.exec_path] = program

    def _test(
        self,
        results: dict[Label, TestFinished],
        numbers: Iterable[int],
        options: TestOptions,
        machinery: Machinery,
        scheduler: Scheduler,
        outputs: Outputs,
    ) -> tuple[TestFinished, ...]:
        requests = [self._graph.test(number) for number in numbers]
        if requests:
            for request in requests:
                self._trust(request.program)
                scheduler.know(self._graph.known_of(request.program))
            runner = TestRunner(
                machinery,
                content=lambda artifact: outputs[artifact],
                generating=no_layout,
                follow=FollowedLogs(self._events).follow if options.output == "streamed" else not_followed,
            )
            self._events.emit(PhaseStarted("testing", len(requests)))
            jobs = options.jobs or self._options.jobs or cpu_count()
            ended = run_tests(
                runner,
                requests,
                jobs=jobs,
                children=self._children,
                events=self._events,
                keep_going=options.keep_going,
            )
            results.update((request.label, one.finished(request)) for one, request in zip(ended, requests, strict=True))
        return tuple(sorted(results.values(), key=lambda finished: finished.label))

    # What the next command is told

    def _new_stamp(self, part: Part, result: ExecutionResult, tests: Iterable[int]) -> Stamp | None:
        footprint = self._footprint
        made = [artifact for action in part.actions for artifact in self._graph.outputs_of(action)]
        logs = [self._record.test_logs[number] for number in tests]
        try:
            texts = [(artifact, result.outputs.text(artifact)) for artifact in made]
            footprint.add_outputs(texts, self._exec_root, result.traces)
            for directory in logs:
                footprint.add_files_below(directory)
            for program in self._laid_out:
                footprint.add_runfiles(program)
            for shared in self._exec_root.shared:
                footprint.add_shared(shared)
            fresh = footprint.stamp(os.environ)
        except (Changed, OSError):
            return None
        return renewed(self._stamp, fresh, without=[*self._new_trees(), *logs], now=self._started)

    def _new_trees(self) -> Iterable[str]:
        return (path for path, number in self._record.directories.items() if number in self._new_sources)
