"""`toolchain_type` and `toolchain`: what rules ask for by type, and what answers for a platform."""

from __future__ import annotations

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.loading.attributes import NO_EDGE, AttributeSpec, AttributeType
from venvship.loading.rule_class import RuleClass
from venvship.model.label import Label
from venvship.model.provider import DefaultInfo
from venvship.rules import attributes


@dataclass(frozen=True, slots=True)
class ToolchainTypeInfo:
    label: Label


def _toolchain_type(ctx: RuleContext) -> list[object]:
    return [DefaultInfo(), ToolchainTypeInfo(ctx.label)]


TOOLCHAIN_TYPE = RuleClass("toolchain_type", (attributes.string("no_match_error"),), _toolchain_type)


def _toolchain(ctx: RuleContext) -> list[object]:
    return [DefaultInfo()]


TOOLCHAIN = RuleClass(
    "toolchain",
    (
        attributes.label("toolchain_type", mandatory=True),
        # What stands behind is analysed for those that are given it, and not for this target's own sake.
        AttributeSpec("toolchain", AttributeType.LABEL, mandatory=True, transition=NO_EDGE),
        attributes.labels("target_settings"),
        attributes.boolean("use_target_platform_constraints"),
        # These are asked when a toolchain is chosen; the target itself is there on every platform.
        attributes.labels("target_compatible_with", transition=NO_EDGE),
        attributes.labels("exec_compatible_with", transition=NO_EDGE),
    ),
    _toolchain,
)
