"""`build`, `test` and `run` where little has changed since the command was given last: they go on from there."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from venvship.cli.apparent_names import NamingEvents
from venvship.cli.build_report import errors_and_code, print_build, print_conclusion
from venvship.cli.exit_codes import ExitCode
from venvship.cli.fast_path import StampPlace
from venvship.cli.fast_path_note import Said, Taken, may_say_something_else, write_stamp
from venvship.cli.invocation import Invocation
from venvship.cli.program_start import start
from venvship.cli.session_options import session_options
from venvship.cli.test_options import test_options
from venvship.cli.test_report import TestLogs, code_of_results, print_results
from venvship.errors import VenvshipError
from venvship.execution.failures import Interrupted
from venvship.execution.layout import Layout, default_user_root
from venvship.execution.unresumable import Unresumable
from venvship.session.build_record import BuildRecord
from venvship.session.changed_inputs import to_look_at
from venvship.session.loading_record import LoadingRecord
from venvship.session.opened_paths import OpenedPaths
from venvship.session.options import TestOptions
from venvship.session.outcomes import RunPlan
from venvship.session.resumption import Resumed, Resumption
from venvship.session.stamp import Stamp
from venvship.session.workspace_lock import WorkspaceLock


def resumed(invocation: Invocation) -> int | None:
    """The exit code; None when the command must load and analyse everything."""
    started = time.monotonic()
    wanted = invocation.surroundings.stamp
    stamp = None if wanted is None else wanted.place.stamp
    if wanted is None or stamp is None:
        return None
    record = BuildRecord.read(wanted.place.record, stamp.generation)
    if record is None:
        return None
    invocation.names.learn(record.mapping)
    tests: TestOptions | None = None
    if invocation.command == "test":
        tests = test_options(invocation.flags, invocation.surroundings.environment)
    done: Resumed | None = None
    with invocation.display() as display:
        logs = TestLogs(
            display,
            invocation.surroundings.stdout,
            "" if tests is None else tests.output,
            whole_lines=invocation.display_choice.live,
        )
        said = Said(logs, invocation.attempt)
        try:
            done = _gone_on(invocation, wanted.place, wanted.opened, stamp, record, said, tests)
            if tests is not None and not done.results:
                raise Unresumable("there were tests, and there are none any more")
        except (KeyboardInterrupt, Interrupted):
            pass
        except (Unresumable, VenvshipError):
            said.give_up(invocation.warnings)
            wanted.opened.listen()
            return None
        for message in record.said() if done is not None else ():
            display.emit(message)
    interrupted = () if done is not None else (Interrupted(),)
    outcome = None if done is None else done.outcome
    code = errors_and_code(interrupted, outcome, invocation)
    if done is not None:
        print_build(done.outcome, invocation)
        if tests is not None:
            code = code_of_results(done.results)
    print_conclusion(outcome, invocation, code=code, seconds=time.monotonic() - started)
    if done is not None:
        for result in done.results:
            logs.show(result)
        print_results(done.results, invocation)
        if done.stamp is not None and not may_say_something_else(said, done.outcome):
            taken = Taken(done.stamp, done.record)
            messages = [*record.said(), *said.messages]
            write_stamp(taken, invocation, messages, done.outcome, code=code, results=done.results)
    if stamp.program is not None and code is ExitCode.SUCCESS:
        argv, variables, directory = stamp.program
        return start(RunPlan((*argv, *wanted.place.arguments), variables, Path(directory)), invocation)
    invocation.surroundings.stdout.flush()
    return code


def _gone_on(
    invocation: Invocation,
    place: StampPlace,
    opened: OpenedPaths,
    stamp: Stamp,
    record: BuildRecord,
    said: Said,
    tests: TestOptions | None,
) -> Resumed:
    options = session_options(invocation.startup, invocation.line)
    if invocation.workspace is None:
        raise Unresumable("no workspace")
    user_root = options.output_user_root or default_user_root(invocation.surroundings.environment)
    if tests is not None and not tests.keep_going:
        # Which tests are run then depends on the results of those before them.
        raise Unresumable("--notest_keep_going")
    layout = Layout.of(invocation.workspace, user_root)
    if str(layout.output_base) != place.output_base:
        # An rc file has moved the state.
        raise Unresumable(place.output_base)
    events = NamingEvents(said, invocation.names)
    loading = LoadingRecord.unpacked(record.loading)
    # What is opened to see whether it has changed is looked at once more when its part of the stamp is made.
    opened.stop()
    again = to_look_at(record, loading, place.changed)
    opened.listen()
    if again:
        from venvship.cli.reloaded import reloaded

        return reloaded(
            invocation,
            place,
            stamp,
            record,
            loading,
            again,
            said,
            tests,
            str(layout.exec_root),
            lambda stamp, record, results, known: Resumption(
                stamp, record, layout, options, events, started=place.started
            ).run(place.changed, tests, results=results, known=known),
        )
    with contextlib.closing(WorkspaceLock(layout, options, events)) as lock:
        lock.take()
        if lock.has_waited:
            raise Unresumable("what was looked at may have changed since")
        return Resumption(stamp, record, layout, options, events, started=place.started).run(place.changed, tests)
