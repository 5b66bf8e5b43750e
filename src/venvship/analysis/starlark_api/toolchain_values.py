"""`ctx.toolchains`: the toolchains of a target by their type."""

from __future__ import annotations

from venvship.analysis.rule_context import RuleContext
from venvship.analysis.starlark_api.providers import TOOLCHAIN_INFO
from venvship.loading.rule_definition import read_type
from venvship.model.label import Label
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.printer import Printer


class ToolchainsValue:
    """Toolchains that were found, None for optional ones that were not."""

    __slots__ = ("rule",)

    def __init__(self, rule: RuleContext) -> None:
        self.rule = rule


def _type_of(toolchains: ToolchainsValue, key: Value) -> Label:
    if isinstance(key, Label):
        return key
    if type(key) is not str:
        raise EvaluationError(f"toolchains are found by label or string, not by {type_name(key)}")
    for requirement in toolchains.rule.target.rule_class.toolchains:
        # As the file that defines the rule spells it, or in full.
        if key in (str(requirement.type), requirement.type.canonical, f"@{requirement.type}"):
            return requirement.type
    return read_type(key)


def _index(toolchains: ToolchainsValue, key: Value) -> object:
    rule = toolchains.rule
    wanted = _type_of(toolchains, key)
    requirements = {requirement.type: requirement for requirement in rule.target.rule_class.toolchains}
    requirement = requirements.get(wanted)
    if requirement is None:
        types = ", ".join(str(one) for one in requirements)
        raise EvaluationError(
            f"in {rule.target.kind} `{rule.label}`, toolchain type {wanted} was requested but only types [{types}] "
            "are configured"
        )
    found = rule.toolchains.get(wanted)
    if found is None and requirement.mandatory:
        raise EvaluationError(
            f"no matching toolchain found for type {wanted}",
            hint="register one in MODULE.bazel, or pass --extra_toolchains",
        )
    if found is None:
        return None
    info = found.providers.get(TOOLCHAIN_INFO)
    if info is None:
        raise EvaluationError(f"the toolchain `{found.label}` does not provide platform_common.ToolchainInfo")
    return info


def _contains(toolchains: ToolchainsValue, key: Value) -> bool:
    wanted = _type_of(toolchains, key)
    return any(one.type == wanted for one in toolchains.rule.target.rule_class.toolchains)


def _repr(toolchains: ToolchainsValue, printer: Printer) -> None:
    types = ", ".join(str(one.type) for one in toolchains.rule.target.rule_class.toolchains)
    printer.write(f"<toolchain_context.resolved_labels: {types}>")


register(ToolchainsValue, HostType(name="ToolchainContext", index=_index, contains=_contains, repr=_repr))
