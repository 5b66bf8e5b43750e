"""`run`: builds a program and becomes it."""

from __future__ import annotations

import time
from dataclasses import replace

from venvship.cli.build_report import Interruption, errors_and_code, print_build, print_conclusion
from venvship.cli.command_line import CommandLineError
from venvship.cli.exit_codes import ExitCode
from venvship.cli.fast_path_note import Said, Taken, note, take_stamp
from venvship.cli.invocation import Invocation
from venvship.cli.program_start import start
from venvship.cli.surroundings import Session
from venvship.cli.targets import NoTargets, select
from venvship.errors import SeveralErrors
from venvship.loading.absent_symbols import FOREIGN_KINDS
from venvship.loading.targets import RuleTarget, Target
from venvship.model.label import Label
from venvship.session.outcomes import BuildOutcome, NotExecutable, RunPlan
from venvship.session.stamp import Program


class NotOneTarget(CommandLineError):
    """`run` was given a pattern for several targets, or for none."""

    def __init__(self, pattern: str, labels: tuple[Label, ...]) -> None:
        some = ", ".join(f"`{label}`" for label in labels[:5]) + (", …" if len(labels) > 5 else "")
        found = f"matches {len(labels)}: {some}" if labels else "matches none"
        super().__init__(f"`run` needs one target, and `{pattern}` {found}")


def run(invocation: Invocation) -> int:
    started = time.monotonic()
    if not invocation.words:
        raise NoTargets("run")
    pattern, *arguments = invocation.words
    plan: RunPlan | None = None
    taken: Taken | None = None
    outcome: BuildOutcome | None = None
    early = Interruption()
    with (
        invocation.display() as display,
        invocation.session(said := Said(display, invocation.attempt)) as session,
        early,
    ):
        label = _one_target(invocation, session, pattern)
        outcome = invocation.attempt.counted(session.build_to_run(label))
        if not outcome.failures and not outcome.failed:
            plan = session.prepare_run(label)
            if not invocation.flags.text("run_under"):
                taken = take_stamp(invocation, session, [label], wildcards=None)
    failures = (*(outcome.failures if outcome is not None else ()), *early.errors)
    code = errors_and_code(failures, outcome, invocation)
    if outcome is not None:
        print_build(outcome, invocation)
    print_conclusion(outcome, invocation, code=code, seconds=time.monotonic() - started)
    if plan is None or code is not ExitCode.SUCCESS:
        return code
    plan = replace(plan, argv=(*plan.argv, *arguments))
    program = _program(plan, invocation)
    if program is not None:
        note(taken, invocation, said, outcome, code=code, program=program)
    # The workspace is free again here: a program may run for ever, and may start venvship itself.
    return start(plan, invocation)


def _program(plan: RunPlan, invocation: Invocation) -> Program | None:
    """What a stamp holds of it: everything but the arguments after `--`."""
    wanted = invocation.surroundings.stamp
    if wanted is None:
        return None
    kept = len(plan.argv) - len(wanted.place.arguments)
    if [*plan.argv[kept:]] != wanted.place.arguments:
        # A `--` in front of them was not the end of the flags.
        return None
    return ([*plan.argv[:kept]], dict(plan.environment), str(plan.working_directory))


def _one_target(invocation: Invocation, session: Session, pattern: str) -> Label:
    selection = select(invocation, session, (pattern,))
    if selection.errors:
        raise selection.errors[0] if len(selection.errors) == 1 else SeveralErrors(selection.errors)
    if len(selection.labels) != 1:
        programs = tuple(label for label, target in selection.targets.items() if _can_run(target))
        if len(programs) != 1:
            raise NotOneTarget(pattern, programs or selection.labels)
        return programs[0]
    [(label, target)] = selection.targets.items()
    if not _can_run(target) and not _is_left_to_analysis(target):
        raise NotExecutable(label, target.kind, target.place)
    return label


def _can_run(target: Target) -> bool:
    return isinstance(target, RuleTarget) and (target.rule_class.is_executable or target.rule_class.is_test)


def _is_left_to_analysis(target: Target) -> bool:
    """Only analysis knows where an alias leads, and says why what is not there can't be built."""
    return isinstance(target, RuleTarget) and target.rule_class.name in {"alias", *FOREIGN_KINDS}
