"""`test`: builds and runs tests."""

from __future__ import annotations

import time

from venvship.cli.build_report import Interruption, errors_and_code, print_build, print_conclusion
from venvship.cli.exit_codes import ExitCode
from venvship.cli.fast_path_note import Said, Taken, note, take_stamp
from venvship.cli.invocation import Invocation
from venvship.cli.targets import pattern_texts, select
from venvship.cli.test_options import inherited_by_tests, test_options
from venvship.cli.test_report import TestLogs, code_of_results, print_results
from venvship.errors import VenvshipError
from venvship.events.build_events import Severity
from venvship.session.outcomes import TestOutcome
from venvship.ui.messages import message


def test(invocation: Invocation) -> int:
    started = time.monotonic()
    texts = pattern_texts(invocation)
    options = test_options(invocation.flags, invocation.surroundings.environment)
    outcome: TestOutcome | None = None
    taken: Taken | None = None
    has_tests = False
    failures: tuple[VenvshipError, ...] = ()
    early = Interruption()
    with invocation.display() as display:
        logs = TestLogs(
            display,
            invocation.surroundings.stdout,
            options.output,
            whole_lines=invocation.display_choice.live,
        )
        with invocation.session(said := Said(logs, invocation.attempt)) as session, early:
            selection = select(invocation, session, texts, for_tests=True)
            failures = tuple(selection.errors)
            has_tests = bool(selection.tests)
            blocked = bool(failures) and not invocation.flags.boolean("keep_going")
            if not blocked and not invocation.flags.boolean("build"):
                outcome = TestOutcome(session.build(selection.labels, nobuild=True))
            elif not blocked and (selection.tests or not selection.errors):
                outcome = session.test(selection.labels, options)
                repeats = options.output in ("summary", "errors") and not invocation.collects_coverage
                if not selection.errors and repeats:
                    taken = take_stamp(
                        invocation,
                        session,
                        selection.labels,
                        wildcards=selection.by_wildcards,
                        variables=inherited_by_tests(invocation.flags),
                    )
    build = None if outcome is None else invocation.attempt.counted(outcome.build)
    if outcome is not None:
        failures = (*failures, *outcome.build.failures, *outcome.failures)
    failures = (*failures, *early.errors)
    code = errors_and_code(failures, build, invocation)
    if build is not None:
        print_build(build, invocation)
    if code is ExitCode.SUCCESS and outcome is not None and invocation.flags.boolean("build"):
        code = code_of_results(outcome.results) if has_tests else ExitCode.NO_TESTS
    print_conclusion(build, invocation, code=code, seconds=time.monotonic() - started)
    if outcome is not None:
        for result in outcome.results:
            logs.show(result)
        print_results(outcome.results, invocation)
        if outcome.coverage_report is not None:
            text = f"The report of coverage is `{outcome.coverage_report}`"
            text = message(Severity.INFO, text, colour=invocation.colour)
            invocation.surroundings.stderr.write(text + "\n")
    if code is ExitCode.NO_TESTS:
        text = message(
            Severity.ERROR, "No test targets were found, yet testing was requested", colour=invocation.colour
        )
        invocation.surroundings.stderr.write(text + "\n")
    invocation.surroundings.stdout.flush()
    if outcome is not None:
        note(taken, invocation, said, build, code=code, results=outcome.results)
    return code
