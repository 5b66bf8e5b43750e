"""Runs tests: each in an environment that is the same on every machine, confined where the system allows.

A test can write its temporary directory and its outputs and nothing else. Its log, report and outputs are blobs and
are shown below `venvship-out/<configuration>/testlogs/`. What a test that passed left is kept in the action cache,
under a key of everything that the test can see.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

from venvship.blobs.store import MissingBlob
from venvship.dataclass import dataclass
from venvship.events.build_events import TestStatus
from venvship.execution.action_cache import ActionResult
from venvship.execution.action_key import KeyWriter, add_program
from venvship.execution.coverage_reports import join_reports
from venvship.execution.graph import Generating
from venvship.execution.machinery import Machinery
from venvship.execution.outputs import Output, OutputFile
from venvship.execution.runfiles_tree import lay_out
from venvship.execution.sandbox import UNCONFINED, network_allowed
from venvship.execution.test_environment import TestPlaces, test_environment
from venvship.execution.test_logs import MAX_REPORTED_LOG, joined_annotations, junit_report, zip_outputs
from venvship.execution.test_request import (
    CachePolicy,
    PartResult,
    TestPart,
    TestRequest,
    may_be_kept,
    part_name,
    test_log_directory,
)
from venvship.host.files import read_tail, remove
from venvship.host.machine import user_name
from venvship.host.processes import Finished, ProgramNotStarted
from venvship.host.sandbox import Confinement, Isolation, confined
from venvship.host.scripts import starting
from venvship.host.short_names import short_name
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.label import MAIN_RUNFILES_DIRECTORY
from venvship.model.lcov import MalformedCoverage
from venvship.model.paths import ExecPath, join

_LOG, _XML = "test.log", "test.xml"
_ZIP, _MANIFEST, _ANNOTATIONS = (
    "test.outputs/outputs.zip",
    "test.outputs_manifest/MANIFEST",
    "test.outputs_manifest/ANNOTATIONS",
)
_COVERAGE = "coverage.dat"


FollowLog: TypeAlias = Callable[[TestRequest, str, str], AbstractContextManager[None]]
"""Given a test, the name of an attempt and the path of its log."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    status: TestStatus
    seconds: float
    files: Mapping[str, Output]


def parts_of(request: TestRequest) -> tuple[TestPart, ...]:
    """Every shard of every run."""
    return tuple(TestPart(shard, run) for run in range(request.runs) for shard in range(max(1, request.shards)))


def not_followed(_request: TestRequest, _name: str, _log: str) -> AbstractContextManager[None]:
    """Let a log grow unseen."""
    return contextlib.nullcontext()


class TestRunner:
    """Runs parts of tests whose programs are built; safe to use from several threads.

    `content` and `generating` speak of the artifacts of these programs, as the scheduler knows them. `follow` is
    given the path of a log and the name of the attempt that writes it, for those who want to see it grow; the test
    runs within what it gives.
    """

    def __init__(
        self,
        machinery: Machinery,
        *,
        content: Callable[[Artifact], Output],
        generating: Generating,
        follow: FollowLog = not_followed,
    ) -> None:
        self._machinery = machinery
        self._content = content
        self._generating = generating
        self._follow = follow

    def run_part(self, request: TestRequest, part: TestPart) -> PartResult:
        """Run one part, as often as it may be tried; or find that it need not be run."""
        key = self._key(request, part)
        cached = self._cached(request, part, key)
        if cached is not None:
            return cached
        runfiles = lay_out(
            request.program, self._machinery.exec_root, generating=self._generating, content=self._content
        )
        directory = test_log_directory(request, part)
        failed: list[_Attempt] = []
        for number in range(max(1, request.attempts)):
            name = ", ".join(filter(None, [part_name(request, part), f"attempt {number + 1}" if number else ""]))
            attempt = self._attempt(request, part, str(runfiles), name)
            if attempt.status is TestStatus.PASSED or attempt.status is TestStatus.NO_STATUS:
                break
            if number + 1 < request.attempts:
                failed.append(attempt)
        kept = self._keep_attempts(directory, failed)
        status = TestStatus.FLAKY if failed and attempt.status is TestStatus.PASSED else attempt.status
        self._show(directory, attempt.files)
        if self._may_keep(request, status):
            facts = {"status": status.value, "seconds": f"{attempt.seconds:.3f}"}
            files = {ExecPath(name): output for name, output in attempt.files.items()}
            self._machinery.cache.put(key, ActionResult(files, facts))
        times = (*(one.seconds for one in failed), attempt.seconds)
        result = self._result(part, directory, status, attempt.seconds, attempt.files, cached=False)
        return dataclasses.replace(result, failed_attempts=kept, attempt_seconds=times)

    def _key(self, request: TestRequest, part: TestPart) -> str:
        program = request.program
        writer = KeyWriter("test", self._machinery.platform, str(request.label), request.size)
        writer.add_list(request.arguments)
        writer.add_list(request.run_under)
        writer.add_list(sorted(request.tags))
        writer.add_mapping(request.environment)
        writer.add(str(request.timeout_seconds), str(request.shards), str(part.shard), str(request.fail_fast))
        writer.add_list([] if request.test_filter is None else [request.test_filter])
        writer.add_list([] if request.coverage is None else ["coverage", *request.coverage])
        writer.add_inputs(Depset([program.executable], [program.runfiles.artifacts]).to_tuple(), self._fingerprint)
        add_program(writer, program)
        return writer.key()

    def _fingerprint(self, artifact: Artifact) -> str:
        return str(self._content(artifact))

    def _cached(self, request: TestRequest, part: TestPart, key: str) -> PartResult | None:
        if request.cache is CachePolicy.NO or request.runs > 1 or "external" in request.tags:
            return None
        result = self._machinery.cache.get(key)
        if result is None:
            return None
        try:
            status = TestStatus(result.facts["status"])
            seconds = float(result.facts["seconds"])
        except (ValueError, LookupError):
            return None
        if status is not TestStatus.PASSED and request.cache is not CachePolicy.YES:
            return None
        directory = test_log_directory(request, part)
        try:
            self._show(directory, result.outputs)
        except MissingBlob:
            return None
        return self._result(part, directory, status, seconds, result.outputs, cached=True)

    def _may_keep(self, request: TestRequest, status: TestStatus) -> bool:
        if not may_be_kept(request):
            return False
        return status is TestStatus.PASSED or (request.cache is CachePolicy.YES and status is TestStatus.FAILED)

    def _attempt(self, request: TestRequest, part: TestPart, runfiles: str, name: str) -> _Attempt:
        exec_root = self._machinery.exec_root
        base = exec_root.temporary_directory()
        names = contextlib.ExitStack()
        try:
            is_confined = self._way(request) is not Isolation.NONE
            short = "/tmp" if is_confined else names.enter_context(short_name(f"{base}/tmp"))
            places = TestPlaces(runfiles, f"{base}/tmp", f"{base}/out", short)
            for directory in (places.temporary, places.outputs, places.undeclared, places.annotations):
                os.mkdir(directory)
            if request.coverage is not None:
                os.mkdir(places.coverage)
                Path(places.coverage, "manifest").write_text("".join(f"{path}\n" for path in request.coverage))
            log = Path(places.outputs, _LOG)
            with self._follow(request, name, str(log)):
                try:
                    finished = self._machinery.children.run(
                        self._command(request, places),
                        cwd=f"{runfiles}/{MAIN_RUNFILES_DIRECTORY}",
                        environment=test_environment(request, part, places, user=user_name()),
                        output=log,
                        timeout=request.timeout_seconds,
                    )
                except ProgramNotStarted as error:
                    finished = Finished(127, timed_out=False, interrupted=False, seconds=0.0)
                    log.write_bytes(f"{error.message}\n".encode())
                status, problem = _verdict(request, places, finished)
                if request.coverage is not None:
                    try:
                        join_reports(places)
                    except MalformedCoverage as error:
                        if problem is None:
                            status, problem = TestStatus.FAILED, error.message
                if problem is not None:
                    with open(log, "ab") as file:
                        file.write(f"-- {problem} --\n".encode())
            files = self._collect(request, places, log, problem, finished.seconds)
            return _Attempt(status, finished.seconds, files)
        finally:
            names.close()
            remove(base)

    def _way(self, request: TestRequest) -> Isolation:
        return Isolation.NONE if request.tags & UNCONFINED else self._machinery.isolation()

    def _command(self, request: TestRequest, places: TestPlaces) -> tuple[str, ...]:
        machinery = self._machinery
        executable = request.program.executable
        # Relative and below the working directory, as the contract has it.
        below = os.path.lexists(f"{places.runfiles}/{executable.runfiles_path}")
        program = f"./{executable.short_path}" if below else machinery.exec_root.path_of(executable)
        confinement = Confinement(
            writable=(places.temporary, places.outputs),
            temporary=places.temporary,
            visible=machinery.visible,
            network=network_allowed(request.tags, machinery.network),
        )
        words = starting((program, *request.arguments), machinery.exec_root.path_of(executable))
        return confined(
            (*request.run_under, *words),
            confinement,
            cwd=f"{places.runfiles}/{MAIN_RUNFILES_DIRECTORY}",
            way=self._way(request),
        )

    def _collect(
        self, request: TestRequest, places: TestPlaces, log: Path, problem: str | None, seconds: float
    ) -> dict[str, Output]:
        blobs = self._machinery.exec_root.blobs
        xml = Path(places.xml)
        if not xml.is_file() or xml.is_symlink():
            remove(xml)
            name = join(request.label.package.path, request.label.name)
            end = read_tail(log, MAX_REPORTED_LOG)
            xml.write_bytes(junit_report(name, problem=problem, seconds=seconds, log=end))
        archive = Path(places.outputs, "outputs.zip")
        manifest = zip_outputs(Path(places.undeclared), archive)
        files: dict[str, Output] = {}
        if manifest is not None:
            files[_ZIP] = OutputFile(blobs.adopt(archive))
            listing = Path(places.outputs, "MANIFEST")
            listing.write_bytes(manifest)
            files[_MANIFEST] = OutputFile(blobs.adopt(listing))
        annotations = joined_annotations(Path(places.annotations))
        if annotations:
            notes = Path(places.outputs, "ANNOTATIONS")
            notes.write_bytes(annotations)
            files[_ANNOTATIONS] = OutputFile(blobs.adopt(notes))
        report = Path(places.coverage_report)
        if request.coverage is not None and report.is_file() and not report.is_symlink():
            files[_COVERAGE] = OutputFile(blobs.adopt(report))
        files[_LOG] = OutputFile(blobs.adopt(log))
        files[_XML] = OutputFile(blobs.adopt(xml))
        return files

    def _show(self, directory: ExecPath, files: Mapping[str, Output] | Mapping[ExecPath, Output]) -> None:
        """Let the log directory hold `files`, and none that an earlier run left."""
        exec_root = self._machinery.exec_root
        for name in (_LOG, _XML, _ZIP, _MANIFEST, _ANNOTATIONS, _COVERAGE):
            path = ExecPath(f"{directory}/{name}")
            output = dict(files).get(ExecPath(name))
            if output is None:
                remove(exec_root.output_path(path))
            else:
                exec_root.place(path, output)

    def _keep_attempts(self, directory: ExecPath, failed: list[_Attempt]) -> tuple[str, ...]:
        exec_root = self._machinery.exec_root
        remove(exec_root.output_path(ExecPath(f"{directory}/test_attempts")))
        kept: list[str] = []
        for number, attempt in enumerate(failed, 1):
            for name, output in attempt.files.items():
                if name in (_LOG, _XML):
                    suffix = name.rpartition(".")[2]
                    path = ExecPath(f"{directory}/test_attempts/attempt_{number}.{suffix}")
                    exec_root.place(path, output)
                    if name == _LOG:
                        kept.append(exec_root.output_path(path))
        return tuple(kept)

    def _result(
        self,
        part: TestPart,
        directory: ExecPath,
        status: TestStatus,
        seconds: float,
        files: Mapping[str, Output] | Mapping[ExecPath, Output],
        *,
        cached: bool,
    ) -> PartResult:
        base = self._machinery.exec_root.output_path(directory)
        return PartResult(
            part,
            status,
            cached,
            seconds,
            log=f"{base}/{_LOG}",
            xml=f"{base}/{_XML}",
            outputs_zip=f"{base}/{_ZIP}" if _ZIP in files else "",
            coverage=f"{base}/{_COVERAGE}" if _COVERAGE in files else "",
        )


def _verdict(request: TestRequest, places: TestPlaces, finished: Finished) -> tuple[TestStatus, str | None]:
    """The status, and why it is not that of a test that passed."""
    if finished.interrupted:
        return TestStatus.NO_STATUS, "the test was interrupted"
    if finished.timed_out:
        return TestStatus.TIMEOUT, f"the test timed out after {int(request.timeout_seconds)} seconds"
    if finished.exit_code != 0:
        return TestStatus.FAILED, f"the test exited with code {finished.exit_code}"
    if os.path.lexists(places.premature_exit):
        return TestStatus.FAILED, "the test ended before it was done: its TEST_PREMATURE_EXIT_FILE is still there"
    if request.shards > 1 and not os.path.lexists(places.shard_status):
        return TestStatus.FAILED, "the test does not shard: it did not touch TEST_SHARD_STATUS_FILE"
    return TestStatus.PASSED, None
