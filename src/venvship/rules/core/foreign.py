"""Targets of rules that are not there: they can be declared, and a build that needs one of them fails."""

from __future__ import annotations

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.rules import attributes


def _refuse(ctx: RuleContext) -> list[object]:
    raise ctx.error(f"`{ctx.string('kind')}` can't be built: {ctx.string('reason')}", hint=ctx.string("advice") or None)


_ATTRIBUTES = (
    attributes.string("kind", mandatory=True),
    attributes.string("reason", mandatory=True),
    attributes.string("advice"),
)

FOREIGN = RuleClass("foreign", _ATTRIBUTES, _refuse)
FOREIGN_TEST = RuleClass("foreign_test", _ATTRIBUTES, _refuse, is_test=True, is_executable=True)
