"""What is said when a build is over."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from venvship.cli.exit_codes import ExitCode
from venvship.cli.invocation import Invocation
from venvship.cli.report import exit_code_of_all
from venvship.errors import EnvironmentProblem, SeveralErrors, UserError, VenvshipError
from venvship.events.build_events import Severity
from venvship.execution.failures import Interrupted
from venvship.session.outcomes import BuildOutcome
from venvship.ui.messages import message


class Interruption:
    """What ended a command before its time, if anything did."""

    def __init__(self) -> None:
        self.errors: tuple[VenvshipError, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Keep what is raised inside, so that the command ends as one that went on to its end."""
        match error:
            case SeveralErrors():
                self.errors = error.errors
            case UserError() | EnvironmentProblem():
                self.errors = (error,)
            case KeyboardInterrupt():
                self.errors = (Interrupted(),)
        return bool(self.errors)


def errors_and_code(
    failures: Sequence[VenvshipError], outcome: BuildOutcome | None, invocation: Invocation
) -> ExitCode:
    """Print each failure once and say what exit code they mean together."""
    if failures:
        invocation.print_error(SeveralErrors(failures))
    code = exit_code_of_all(failures)
    if code is ExitCode.SUCCESS and outcome is not None and outcome.failed:
        return ExitCode.BUILD_FAILED
    return code


def few_enough(outcome: BuildOutcome, invocation: Invocation) -> bool:
    """Whether the targets that were built are told one by one."""
    return len(outcome.targets) <= invocation.flags.number("show_result")


def print_build(outcome: BuildOutcome, invocation: Invocation) -> None:
    """Each target with its outputs, unless there are more than `--show_result` of them; failed ones in any case."""

    def write(text: str) -> None:
        invocation.surroundings.stderr.write(invocation.names.shown(text))

    for skipped in outcome.skipped:
        text = f"Target {skipped.label} was skipped: {skipped.reason}"
        write(message(Severity.INFO, text, colour=invocation.colour) + "\n")
    if not invocation.flags.boolean("build"):
        return
    if few_enough(outcome, invocation):
        for target in outcome.targets:
            outputs = target.places().outputs
            if outputs:
                write(f"Target {target.label} up-to-date:\n")
                for output in outputs:
                    write(f"  {output}\n")
            else:
                write(f"Target {target.label} up-to-date (nothing to build)\n")
    for label in outcome.failed:
        write(f"Target {label} failed to build\n")
    if invocation.flags.boolean("experimental_show_artifacts"):
        paths = dict.fromkeys(path for target in outcome.targets for path in target.places().paths)
        write("Build artifacts:\n" + "".join(f">>>{path}\n" for path in paths))


def print_conclusion(outcome: BuildOutcome | None, invocation: Invocation, *, code: int, seconds: float) -> None:
    """How long it took, and the line that scripts look for."""
    colour = invocation.colour
    write = invocation.surroundings.stderr.write
    write(message(Severity.INFO, f"Elapsed time: {seconds:.3f}s", colour=colour) + "\n")
    if outcome is not None and invocation.flags.boolean("build"):
        counts = f"{outcome.actions_run} run, {outcome.actions_cached} from the cache, {outcome.up_to_date} up to date"
        write(message(Severity.INFO, f"Actions: {counts}", colour=colour) + "\n")
    if code in (ExitCode.SUCCESS, ExitCode.NO_TESTS) and outcome is not None:
        total = outcome.actions_run + outcome.actions_cached
        actions = f"{total} total action{'' if total == 1 else 's'}"
        write(message(Severity.INFO, f"Build completed successfully, {actions}", colour=colour) + "\n")
    elif code == ExitCode.TESTS_FAILED:
        total = 0 if outcome is None else outcome.actions_run + outcome.actions_cached
        actions = f"{total} total action{'' if total == 1 else 's'}"
        write(message(Severity.INFO, f"Build completed, tests FAILED, {actions}", colour=colour) + "\n")
    else:
        write(message(Severity.ERROR, "Build did NOT complete successfully", colour=colour) + "\n")
    invocation.surroundings.stderr.flush()
