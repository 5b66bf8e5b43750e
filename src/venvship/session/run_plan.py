"""How a program that is built is started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.execution.runfiles_tree import RUNFILES_SUFFIX
from venvship.model.artifact import Artifact
from venvship.model.label import MAIN_RUNFILES_DIRECTORY, Label
from venvship.model.provider import ArgumentsInfo, RunEnvironmentInfo
from venvship.session.outcomes import NotExecutable, RunPlan


def run_plan(label: Label, target: ConfiguredTarget, *, path_of: Callable[[Artifact], str], root: Path) -> RunPlan:
    """Start the program of a target, which the command calls `label`, for the workspace at `root`.

    Raises NotExecutable.
    """
    executable = target.default_info.executable
    if executable is None:
        raise NotExecutable(label, target.kind, target.place)
    program = path_of(executable)
    environment: dict[str, str] = {}
    info = target.get(RunEnvironmentInfo)
    if info is not None:
        environment.update({k: v for k, v in info.environment.items() if k not in info.inherited})
    environment["BUILD_WORKSPACE_DIRECTORY"] = str(root)
    arguments = target.get(ArgumentsInfo)
    working_directory = Path(program + RUNFILES_SUFFIX) / MAIN_RUNFILES_DIRECTORY
    return RunPlan(
        (program, *(arguments.arguments if arguments else ())),
        environment,
        working_directory if working_directory.is_dir() else root,
    )
