"""`build` and `test` where little has changed since the command was given last: they go on from there."""

from __future__ import annotations

import contextlib
import time

from venvship.cli.apparent_names import NamingEvents
from venvship.cli.build_report import errors_and_code, print_build, print_conclusion
from venvship.cli.fast_path_note import Taken, write_stamp
from venvship.cli.invocation import Invocation
from venvship.cli.session_options import session_options
from venvship.cli.test_options import test_options
from venvship.cli.test_report import TestLogs, code_of_results, print_results
from venvship.errors import VenvshipError
from venvship.execution.failures import Interrupted
from venvship.execution.graph_record import Unresumable
from venvship.execution.layout import Layout, default_user_root
from venvship.session.build_record import BuildRecord
from venvship.session.resumption import Resumed, Resumption
from venvship.session.workspace_lock import WorkspaceLock


def resumed(invocation: Invocation) -> int | None:
    """The exit code; None when the command must load and analyse."""
    started = time.monotonic()
    wanted = invocation.surroundings.stamp
    stamp = None if wanted is None else wanted.place.stamp
    if wanted is None or stamp is None or invocation.workspace is None:
        return None
    place = wanted.place
    record = BuildRecord.read(place.record, stamp.generation)
    if record is None:
        return None
    options = session_options(invocation.startup, invocation.line)
    environment = invocation.surroundings.environment
    tests = test_options(invocation.flags, environment) if invocation.command == "test" else None
    invocation.names.learn(record.mapping)
    layout = Layout.of(invocation.workspace, options.output_user_root or default_user_root(environment))
    if str(layout.output_base) != place.output_base:
        return None
    done: Resumed | None = None
    with invocation.display() as display:
        logs = TestLogs(
            display,
            invocation.surroundings.stdout,
            "" if tests is None else tests.output,
            whole_lines=invocation.display_choice.live,
        )
        events = NamingEvents(logs, invocation.names)
        lock = WorkspaceLock(layout, options, display)
        with contextlib.closing(lock):
            lock.take()
            try:
                attempt = Resumption(stamp, record, layout, options, events, started=place.started)
                done = attempt.run(place.changed, tests)
            except (KeyboardInterrupt, Interrupted):
                pass
            except (Unresumable, VenvshipError):
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
        if done.stamp is not None:
            taken = Taken(done.stamp, done.record)
            write_stamp(taken, invocation, record.said(), done.outcome, code=code, results=done.results)
    invocation.surroundings.stdout.flush()
    return code
