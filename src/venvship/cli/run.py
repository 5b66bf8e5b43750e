"""`run`: builds a program and becomes it."""

from __future__ import annotations

import shlex
import shutil
import time
from dataclasses import replace

from venvship.cli.build_report import Interruption, errors_and_code, print_build, print_conclusion
from venvship.cli.command_line import CommandLineError
from venvship.cli.exit_codes import ExitCode
from venvship.cli.invocation import Invocation
from venvship.cli.surroundings import Session
from venvship.cli.targets import NoTargets, select
from venvship.errors import EnvironmentProblem, SeveralErrors
from venvship.loading.targets import RuleTarget, Target
from venvship.model.label import Label
from venvship.session.outcomes import BuildOutcome, RunPlan


class NotExecutable(CommandLineError):
    """`run` was given something that can't be started."""

    def __init__(self, target: Target) -> None:
        super().__init__(f"`{target.label}` can't be run: a {target.kind} is not a program")


class NotOneTarget(CommandLineError):
    """`run` was given a pattern for several targets, or for none."""

    def __init__(self, pattern: str, labels: tuple[Label, ...]) -> None:
        some = ", ".join(f"`{label}`" for label in labels[:5]) + (", …" if len(labels) > 5 else "")
        found = f"matches {len(labels)}: {some}" if labels else "matches none"
        super().__init__(f"`run` needs one target, and `{pattern}` {found}")


class CannotStart(EnvironmentProblem):
    """The system refuses to start a program that was built."""

    def __init__(self, program: str, error: OSError) -> None:
        super().__init__(f"can't start `{program}`: {error.strerror or error}")


def run(invocation: Invocation) -> int:
    started = time.monotonic()
    if not invocation.words:
        raise NoTargets("run")
    pattern, *arguments = invocation.words
    plan: RunPlan | None = None
    outcome: BuildOutcome | None = None
    early = Interruption()
    with invocation.display() as display, invocation.session(display) as session, early:
        label = _one_target(invocation, session, pattern)
        outcome = session.build([label])
        if not outcome.failures and not outcome.failed:
            plan = session.prepare_run(label)
    failures = (*(outcome.failures if outcome is not None else ()), *early.errors)
    code = errors_and_code(failures, outcome, invocation)
    if outcome is not None:
        print_build(outcome, invocation)
    print_conclusion(outcome, invocation, code=code, seconds=time.monotonic() - started)
    if plan is None or code is not ExitCode.SUCCESS:
        return code
    # The workspace is free again here: a program may run for ever, and may start venvship itself.
    environment = {**plan.environment, "BUILD_WORKING_DIRECTORY": str(invocation.surroundings.cwd)}
    return _start(replace(plan, argv=(*plan.argv, *arguments), environment=environment), invocation)


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
    if not _can_run(target) and not _may_stand_for_another(target):
        raise NotExecutable(target)
    return label


def _can_run(target: Target) -> bool:
    return isinstance(target, RuleTarget) and (target.rule_class.is_executable or target.rule_class.is_test)


def _may_stand_for_another(target: Target) -> bool:
    """Only analysis knows where an alias leads."""
    return isinstance(target, RuleTarget) and target.rule_class.name == "alias"


def _start(plan: RunPlan, invocation: Invocation) -> int:
    surroundings = invocation.surroundings
    prefix = shlex.split(invocation.flags.text("run_under"))
    if prefix:
        if prefix[0].startswith(("//", "@", ":")):
            raise CommandLineError("`--run_under` takes a command, not a target")
        program = shutil.which(prefix[0], path=surroundings.environment.get("PATH"))
        if program is None:
            raise CommandLineError(f"`--run_under`: there is no program `{prefix[0]}`")
        plan = replace(plan, argv=(program, *prefix[1:], *plan.argv))
    surroundings.stdout.flush()
    surroundings.stderr.flush()
    try:
        return surroundings.replace_process(plan)
    except OSError as error:
        raise CannotStart(plan.argv[0], error) from error
