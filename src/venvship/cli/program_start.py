"""How `run` becomes the program that was built."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import replace

from venvship.cli.command_line import CommandLineError
from venvship.cli.invocation import Invocation
from venvship.errors import EnvironmentProblem
from venvship.session.outcomes import RunPlan


class CannotStart(EnvironmentProblem):
    """The system refuses to start a program that was built."""

    def __init__(self, program: str, error: OSError) -> None:
        super().__init__(f"can't start `{program}`: {error.strerror or error}")


def start(plan: RunPlan, invocation: Invocation) -> int:
    """Become the program; raises CannotStart."""
    surroundings = invocation.surroundings
    here = {"BUILD_WORKING_DIRECTORY": str(surroundings.cwd)}
    plan = replace(plan, environment={**plan.environment, **here})
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
