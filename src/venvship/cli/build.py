"""`build`: makes the outputs of targets."""

from __future__ import annotations

import time

from venvship.cli.build_report import Interruption, errors_and_code, print_build, print_conclusion
from venvship.cli.fast_path_note import Said, Taken, note, take_stamp
from venvship.cli.invocation import Invocation
from venvship.cli.targets import pattern_texts, select, unbuildable
from venvship.errors import VenvshipError
from venvship.session.outcomes import BuildOutcome


def build(invocation: Invocation) -> int:
    started = time.monotonic()
    texts = pattern_texts(invocation)
    taken: Taken | None = None
    outcome: BuildOutcome | None = None
    failures: tuple[VenvshipError, ...] = ()
    early = Interruption()
    with (
        invocation.display() as display,
        invocation.session(said := Said(display, invocation.attempt)) as session,
        early,
    ):
        selection = select(invocation, session, texts)
        failures = tuple(selection.errors)
        if not failures or invocation.flags.boolean("keep_going"):
            made = session.build(selection.labels, nobuild=not invocation.flags.boolean("build"))
            outcome = invocation.attempt.counted(made)
            failures = (*failures, *unbuildable(selection, outcome), *outcome.failures)
            if not failures:
                taken = take_stamp(invocation, session, selection.labels, wildcards=selection.by_wildcards)
    failures = (*failures, *early.errors)
    code = errors_and_code(failures, outcome, invocation)
    if outcome is not None:
        print_build(outcome, invocation)
    print_conclusion(outcome, invocation, code=code, seconds=time.monotonic() - started)
    note(taken, invocation, said, outcome, code=code)
    return code
