"""`ctx.toolchains`: the toolchains of a target by their type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.analysis.starlark_api.providers import TOOLCHAIN_INFO
from venvship.loading.rule_class import ToolchainRequirement
from venvship.loading.rule_definition import read_type
from venvship.model.label import Label
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.printer import Printer


class ToolchainsValue:
    """Toolchains that were found for a rule or one of its groups of actions, None for optional ones that were not."""

    __slots__ = ("found", "requirements", "rule")

    def __init__(
        self,
        rule: RuleContext,
        requirements: Sequence[ToolchainRequirement],
        found: Mapping[Label, ConfiguredTarget],
    ) -> None:
        self.rule = rule
        self.requirements = requirements
        self.found = found


class ExecGroup:
    """One member of `ctx.exec_groups`."""

    __slots__ = ("toolchains",)

    def __init__(self, toolchains: ToolchainsValue) -> None:
        self.toolchains = toolchains


class ExecGroups:
    """`ctx.exec_groups`."""

    __slots__ = ("groups",)

    def __init__(self, groups: Mapping[str, ExecGroup]) -> None:
        self.groups = groups


def toolchains_value(rule: RuleContext) -> ToolchainsValue:
    """`ctx.toolchains`."""
    return ToolchainsValue(rule, rule.target.rule_class.toolchains, rule.toolchains)


def exec_groups_value(rule: RuleContext) -> ExecGroups:
    """`ctx.exec_groups`."""
    groups = rule.target.rule_class.exec_groups
    return ExecGroups(
        {
            name: ExecGroup(ToolchainsValue(rule, group.toolchains, rule.exec_groups.get(name, {})))
            for name, group in groups.items()
        }
    )


def type_of(requirements: Sequence[ToolchainRequirement], key: Value) -> Label:
    """The toolchain type that a program names."""
    if isinstance(key, Label):
        return key
    if type(key) is not str:
        raise EvaluationError(f"toolchains are found by label or string, not by {type_name(key)}")
    for requirement in requirements:
        # As the file that defines the rule spells it, or in full.
        if key in (requirement.spelled, requirement.type.canonical, str(requirement.type), f"@{requirement.type}"):
            return requirement.type
    return read_type(key)


def _index(toolchains: ToolchainsValue, key: Value) -> object:
    rule = toolchains.rule
    wanted = type_of(toolchains.requirements, key)
    requirements = {requirement.type: requirement for requirement in toolchains.requirements}
    requirement = requirements.get(wanted)
    if requirement is None:
        types = ", ".join(str(one) for one in requirements)
        raise EvaluationError(
            f"in {rule.target.kind} `{rule.label}`, toolchain type {wanted} was requested but only types [{types}] "
            "are configured"
        )
    found = toolchains.found.get(wanted)
    if found is None and requirement.mandatory:
        raise EvaluationError(
            f"no matching toolchain found for type {wanted}",
            hint="register one in MODULE.bazel, or pass `--extra_toolchains`",
        )
    if found is None:
        return None
    if toolchains.found is rule.toolchains and wanted in rule.toolchains_with_aspects:
        # Who asked for aspects on it wants to see their providers.
        return rule.toolchains_with_aspects[wanted]
    info = found.providers.get(TOOLCHAIN_INFO)
    if info is None:
        raise EvaluationError(f"the toolchain `{found.label}` does not provide platform_common.ToolchainInfo")
    return info


def _contains(toolchains: ToolchainsValue, key: Value) -> bool:
    wanted = type_of(toolchains.requirements, key)
    return any(one.type == wanted for one in toolchains.requirements)


def _repr(toolchains: ToolchainsValue, printer: Printer) -> None:
    types = ", ".join(str(one.type) for one in toolchains.requirements)
    printer.write(f"<toolchain_context.resolved_labels: {types}>")


def _group(groups: ExecGroups, name: Value) -> object:
    if name not in groups.groups:
        names = ", ".join(groups.groups)
        raise EvaluationError(f"unknown exec group '{name}', available are [{names}]")
    return groups.groups[name]


register(
    ExecGroups, HostType(name="ExecGroupCollection", index=_group, contains=lambda groups, name: name in groups.groups)
)
register(ExecGroup, HostType(name="ExecGroupContext", fields={"toolchains": lambda group: group.toolchains}))
register(ToolchainsValue, HostType(name="ToolchainContext", index=_index, contains=_contains, repr=_repr))
