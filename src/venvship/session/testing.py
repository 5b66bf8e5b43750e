"""`venvship test`: builds tests, runs them, and says what came of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.errors import UserError, VenvshipError
from venvship.events.build_events import PhaseStarted, TestFinished, TestStatus
from venvship.execution.failures import HINT_ELSEWHERE, told
from venvship.execution.test_following import FollowedLogs
from venvship.execution.test_request import CachePolicy, TestRequest
from venvship.execution.test_runner import TestRunner, not_followed
from venvship.execution.test_scheduler import run_tests
from venvship.host.machine import cpu_count
from venvship.loading.targets import RuleTarget
from venvship.model.action import Program
from venvship.model.label import Label
from venvship.model.provider import ArgumentsInfo, ExecutionInfo, InstrumentedFilesInfo, RunEnvironmentInfo, TestInfo
from venvship.session.coverage_report import combined_report
from venvship.session.options import TestOptions
from venvship.session.outcomes import BuildOutcome, TestOutcome
from venvship.session.workspace_session import Session, beside_builds, requested_artifacts


class TestRunsElsewhere(UserError):
    """A test would have to run, and its execution platform is another machine than this one."""

    def __init__(self, target: ConfiguredTarget) -> None:
        other = target[TestInfo].elsewhere
        assert other is not None
        super().__init__(
            f"the test `{target.label}` is built and can't be run: {told(other)}",
            place=target.place,
            hint=HINT_ELSEWHERE,
        )


def run_test_targets(
    session: Session,
    labels: Sequence[Label],
    options: TestOptions,
    *,
    client_environment: Mapping[str, str],
) -> TestOutcome:
    """Build and run tests. Targets among `labels` that are no tests are only built."""
    targets = session.analyze_to_build(labels)
    failures: list[VenvshipError] = list(session.analyzer.errors)
    graph = session.action_graph()
    failures += graph.conflicts
    unanalysed = graph.conflicting | frozenset(session.analyzer.failed)
    targets = [target for target in targets if target.label not in unanalysed]
    compatible = [target for target in targets if not target.incompatible]
    result = session.execute(requested_artifacts(compatible), graph, if_made=beside_builds(compatible))
    failures += result.failures
    outcome = session.outcome_of(targets, graph, result)
    ready = {target.label for target in outcome.targets}
    # Other names of a test are no tests of their own.
    tests = list({target.label: target for target in compatible if target.get(TestInfo) is not None}.values())
    refused = {target.label for target in tests if target.label in ready and target[TestInfo].elsewhere is not None}
    failures += [TestRunsElsewhere(target) for target in tests if target.label in refused]
    ready -= refused
    coverage = session.options.coverage
    requests = [
        _request(target, options, client_environment, coverage=coverage) for target in tests if target.label in ready
    ]
    session.test_requests += requests
    runner = TestRunner(
        session.machinery,
        content=lambda artifact: result.outputs[artifact],
        generating=graph.generating,
        follow=FollowedLogs(session.events).follow if options.output == "streamed" else not_followed,
    )
    stopped = bool(failures) and not session.options.keep_going
    results: list[TestFinished] = []
    report: Path | None = None
    if requests and not stopped:
        session.events.emit(PhaseStarted("testing", len(requests)))
        jobs = options.jobs or session.options.jobs or cpu_count()
        children = session.machinery.children
        ended = run_tests(
            runner, requests, jobs=jobs, children=children, events=session.events, keep_going=options.keep_going
        )
        results += [one.finished(request) for one, request in zip(ended, requests, strict=True)]
        if coverage and options.combined_report:
            report = combined_report(ended, session.layout.exec_root)
    not_built = unanalysed.union(outcome.failed, refused)
    not_run = ready.intersection(target.label for target in tests).difference(one.label for one in results)
    for label in labels:
        if label in not_built and _is_test(session, label):
            results.append(TestFinished(label, TestStatus.FAILED_TO_BUILD, False, 0.0, ""))
        elif label in not_run:
            results.append(TestFinished(label, TestStatus.NO_STATUS, False, 0.0, ""))
    session.make_convenience_links()
    build = BuildOutcome(
        targets=outcome.targets,
        failed=(*outcome.failed, *(label for label in labels if label in unanalysed)),
        skipped=outcome.skipped,
        failures=tuple(failures),
        actions_run=result.ran,
        actions_cached=result.cached,
        up_to_date=result.up_to_date,
    )
    return TestOutcome(build, tuple(sorted(results, key=lambda finished: finished.label)), coverage_report=report)


def _is_test(session: Session, label: Label) -> bool:
    """Whether a target, of which nothing more may be known than what its BUILD file says, would be a test."""
    target = session.loader.target(label)
    return isinstance(target, RuleTarget) and target.rule_class.is_test


def _request(
    target: ConfiguredTarget, options: TestOptions, client: Mapping[str, str], *, coverage: bool
) -> TestRequest:
    info = target[TestInfo]
    default = target.default_info
    if default.executable is None or target.key.configuration is None:
        raise AssertionError(f"the test `{target.label}` has no program")
    environment: dict[str, str] = {}
    wanted = target.get(RunEnvironmentInfo)
    if wanted is not None:
        environment.update(wanted.environment)
        environment.update({name: client[name] for name in wanted.inherited if name in client})
    environment.update(options.environment)
    arguments = target.get(ArgumentsInfo)
    execution = target.get(ExecutionInfo)
    requirements = frozenset() if execution is None else frozenset(execution.requirements)
    return TestRequest(
        label=target.label,
        configuration=target.key.configuration.directory,
        program=Program(default.executable, default.default_runfiles),
        environment=environment,
        arguments=(*(arguments.arguments if arguments else ()), *options.arguments),
        size=info.size,
        timeout_seconds=float(options.timeout or info.timeout),
        shards=max(info.shard_count, 1),
        runs=options.runs_per_test,
        attempts=options.flaky_attempts or (3 if info.flaky else 1),
        tags=frozenset(target.tags) | requirements,
        test_filter=options.filter or None,
        cache=CachePolicy.AUTO if options.cache_results else CachePolicy.NO,
        coverage=_measured(target) if coverage else None,
    )


def _measured(target: ConfiguredTarget) -> tuple[str, ...]:
    info = target.get(InstrumentedFilesInfo)
    return () if info is None else tuple(sorted(file.exec_path for file in info.instrumented_files.to_tuple()))
