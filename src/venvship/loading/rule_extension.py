"""`parent` of rules: a rule has what the rule that it extends has, and says what is different."""

from __future__ import annotations

import dataclasses

from venvship.dataclass import dataclass
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.rule_class import ExecGroup, RuleClass, ToolchainRequirement
from venvship.model.label import Label
from venvship.starlark.errors import EvaluationError

_OVERRIDABLE = (AttributeType.LABEL, AttributeType.LABEL_LIST)


@dataclass(frozen=True, slots=True, eq=False)
class InTurn:
    """What `RuleClass.transition` holds for a rule with a transition that extends a rule of ours with one."""

    first: object
    then: object


def extending(child: RuleClass, parent: RuleClass, *, said: tuple[bool | None, bool | None]) -> RuleClass:
    """The rule class of `child` with what it inherits; `said` is what it says about `test` and `executable` itself."""
    test, executable = said
    if test is False and parent.is_test:
        raise EvaluationError("a rule that extends a test rule is a test rule")
    if executable is False and parent.is_executable:
        raise EvaluationError("a rule that extends an executable rule is executable")
    toolchains: dict[Label, ToolchainRequirement] = {one.type: one for one in parent.toolchains}
    toolchains.update({one.type: one for one in child.toolchains})
    return dataclasses.replace(
        child,
        own_attributes=_attributes(child, parent),
        is_test=child.is_test or parent.is_test,
        is_executable=child.is_executable or parent.is_executable,
        transition=_transition(child, parent),
        doc=child.doc or parent.doc,
        provides=child.provides | parent.provides,
        actions=ExecGroup(
            tuple(toolchains.values()),
            (*parent.actions.exec_compatible_with, *child.actions.exec_compatible_with),
        ),
        exec_groups={**parent.exec_groups, **child.exec_groups},
    )


def _transition(child: RuleClass, parent: RuleClass) -> object:
    if child.transition is None or parent.transition is None:
        return child.transition or parent.transition
    # Those of rules of ours read attributes, which mean the same whoever extends the rule.
    return InTurn(child.transition, parent.transition) if parent.defined_in is None else child.transition


def _attributes(child: RuleClass, parent: RuleClass) -> tuple[AttributeSpec, ...]:
    found = {spec.name: spec for spec in parent.own_attributes}
    for spec in child.own_attributes:
        inherited = found.get(spec.name)
        if inherited is not None:
            if spec.type is not inherited.type or spec.type not in _OVERRIDABLE:
                raise EvaluationError(
                    f"attribute `{spec.name}` is one of the extended rule, and only attributes of type label or "
                    "label_list can be said anew, with the same type",
                    hint="set another default in an `initializer`",
                )
            aspects = tuple(dict.fromkeys([*inherited.aspects, *spec.aspects]))
            spec = dataclasses.replace(spec, aspects=aspects)
        found[spec.name] = spec
    return tuple(found.values())
