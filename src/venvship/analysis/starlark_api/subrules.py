"""Calls subrules for the implementation of a rule or an aspect that is running."""

from __future__ import annotations

from collections.abc import Mapping

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.analysis.starlark_api.configuration_values import FragmentsValue
from venvship.analysis.starlark_api.context import StarlarkContext
from venvship.analysis.starlark_api.targets import files_to_run_of
from venvship.analysis.starlark_api.toolchain_values import ToolchainsValue
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.subrule_definition import SubruleDefinition
from venvship.starlark.access import get_attribute
from venvship.starlark.calling import invoke
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register
from venvship.starlark.thread import current_thread
from venvship.starlark.values import FrozenList


class SubruleContext:
    """`ctx` of a subrule: little of that of the rule."""

    __slots__ = ("definition", "outer")

    def __init__(self, outer: StarlarkContext, definition: SubruleDefinition) -> None:
        self.outer = outer
        self.definition = definition


def call_subrule(definition: SubruleDefinition, args: tuple[Value, ...], kwargs: Mapping[str, Value]) -> Value:
    """What the subrule returns; it must be among those that whoever calls it declared."""
    ctx = current_thread().context
    if not isinstance(ctx, StarlarkContext):
        raise EvaluationError(f"{definition.shown} can only be called from the implementation of a rule or an aspect")
    if definition not in ctx.subrules:
        raise EvaluationError(
            f"{ctx.rule.target.rule_class.noun} must declare {definition.shown} in 'subrules'",
            hint="pass it in the `subrules` of whoever calls it",
        )
    for name in kwargs:
        if name in definition.attributes:
            raise EvaluationError(f"got invalid named argument: '{name}' is an implicit dependency of the subrule")
    implicit = {name: _value(ctx.rule, spec) for name, spec in definition.attributes.items()}
    outer = ctx.subrules, ctx.subrule
    ctx.subrules, ctx.subrule = definition.subrules, definition
    returned = invoke(definition.function, SubruleContext(ctx, definition), *args, **kwargs, **implicit)
    ctx.subrules, ctx.subrule = outer
    return returned


def _value(rule: RuleContext, spec: AttributeSpec) -> Value:
    if spec.type is not AttributeType.LABEL:
        return FrozenList(rule.targets(spec.name))
    target: ConfiguredTarget | None = rule.target_or_none(spec.name)
    if target is None:
        return None
    if spec.executable:
        return files_to_run_of(target.default_info)
    return rule.file(spec.name) if spec.allow_single_file else target


def _toolchains(ctx: SubruleContext) -> ToolchainsValue:
    rule = ctx.outer.rule
    return ToolchainsValue(rule, ctx.definition.toolchains, rule.toolchains)


register(
    SubruleContext,
    HostType(
        name="subrule_ctx",
        fields={
            "actions": lambda ctx: get_attribute(ctx.outer, "actions"),
            "fragments": lambda ctx: FragmentsValue(ctx.outer.rule.configuration),
            "label": lambda ctx: ctx.outer.rule.label,
            "toolchains": _toolchains,
        },
    ),
)
