"""Which group of actions `ctx.actions.run` means by its parameters `exec_group` and `toolchain`."""

from __future__ import annotations

from collections.abc import Callable

from venvship.analysis.action_groups import UNNAMED, automatic_group
from venvship.analysis.starlark_api.context import StarlarkContext
from venvship.analysis.starlark_api.toolchain_values import type_of
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import MISSING, Value


def group_of_action(
    ctx: StarlarkContext, exec_group: str | None, toolchain: Value, *, runs_only_own: Callable[[], bool]
) -> str:
    """The name of the group; raises EvaluationError for what the rule does not have.

    `toolchain` says from which toolchain the programs of the action are, None that they are from none, and MISSING says
    nothing: that will do where `runs_only_own` finds that all are of attributes of the target.
    """
    if ctx.subrule is not None:
        if exec_group is not None:
            raise EvaluationError("'exec_group' may not be specified in subrules")
        if toolchain is not MISSING:
            raise EvaluationError("'toolchain' may not be specified in subrules")
        toolchain = next((one.type for one in ctx.subrule.toolchains), None)
    groups = ctx.rule.groups
    if exec_group is not None and (groups is None or not exec_group.isidentifier() or exec_group not in groups.groups):
        raise EvaluationError(f"Action declared for non-existent exec group '{exec_group}'")
    if groups is None or not groups.is_automatic:
        return exec_group or UNNAMED
    is_said = toolchain is not MISSING
    kind = type_of(ctx.rule.target.rule_class.toolchains, toolchain) if is_said and toolchain is not None else None
    if exec_group is not None:
        if kind is not None and all(one.type != kind for one in groups.groups[exec_group].toolchains):
            raise EvaluationError(
                "`toolchain` and `exec_group` parameters inside actions.{run, run_shell} are not compatible: "
                f"exec group '{exec_group}' has no toolchain of type '{kind}'",
                hint="use one of them",
            )
        return exec_group
    if not is_said and len(groups.groups) > 1 and not runs_only_own():
        raise EvaluationError(
            "Couldn't identify if tools are from implicit dependencies or a toolchain. Please set the toolchain "
            "parameter. If you're not using a toolchain, set it to 'None'."
        )
    if kind is None:
        return UNNAMED
    if kind not in (one.type for one in ctx.rule.target.rule_class.toolchains):
        raise EvaluationError(f"Action declared for non-existent toolchain '{kind}'.")
    return automatic_group(kind)
