"""`build`: makes the outputs of targets."""

from __future__ import annotations

import time

from venvship.cli.build_report import errors_and_code, print_build, print_conclusion
from venvship.cli.fast_path_note import Said, note, take_stamp
from venvship.cli.invocation import Invocation
from venvship.cli.targets import pattern_texts, select


def build(invocation: Invocation) -> int:
    started = time.monotonic()
    texts = pattern_texts(invocation)
    stamp = None
    with invocation.display() as display, invocation.session(said := Said(display)) as session:
        selection = select(invocation, session, texts)
        if selection.errors and not invocation.flags.boolean("keep_going"):
            outcome = None
        else:
            outcome = session.build(selection.labels, nobuild=not invocation.flags.boolean("build"))
            if not selection.errors and not outcome.failures:
                stamp = take_stamp(invocation, session)
    failures = (*selection.errors, *(outcome.failures if outcome is not None else ()))
    code = errors_and_code(failures, outcome, invocation)
    if outcome is not None:
        print_build(outcome, invocation)
    print_conclusion(outcome, invocation, code=code, seconds=time.monotonic() - started)
    note(stamp, invocation, said, outcome, code=code)
    return code
