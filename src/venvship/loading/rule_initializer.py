"""`initializer` of rules: functions that change what a target is given before its attributes are read.

An initializer gets the name and those public attributes that its rule defines, labels resolved where the target
stands. Labels in its answer are read where the initializer stands.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from venvship.dataclass import dataclass
from venvship.loading.attribute_values import AttributeProblem, AttributeReader, LabelReader
from venvship.loading.attributes import AttributeSpec, Choice, PlainValue, Select
from venvship.loading.native_providers import shown_value
from venvship.loading.nearest import did_you_mean
from venvship.loading.rule_class import COMMON_ATTRIBUTE_NAMES
from venvship.loading.select_values import SelectChoice, SelectExpression
from venvship.starlark.calling import invoke
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.keys import key_of
from venvship.starlark.values import DICTS, Dict


@dataclass(frozen=True, slots=True, eq=False)
class Initializer:
    """One rule's initializer; `labels` reads labels as the file that defines the rule does."""

    function: Value
    labels: LabelReader

    def changed(
        self, rule: str, specs: Iterable[AttributeSpec], given: Mapping[str, Value], labels: LabelReader
    ) -> dict[str, Value]:
        """What the target is given instead; `specs` are the attributes of the rule, `labels` reads those of `given`."""
        names = {spec.name: spec for spec in specs}
        public = {name: spec for name, spec in names.items() if not spec.is_private}
        arguments = {
            name: _lifted(rule, public[name], value, labels)
            for name, value in given.items()
            if name in public and value is not None
        }
        answer = invoke(self.function, name=given.get("name"), **arguments)
        if answer is None:
            return dict(given)
        if type(answer) not in DICTS:
            raise EvaluationError(f"rule initializer must return a dict or None, not {type_name(answer)}")
        changed = dict(given)
        for name, value in entries(answer):
            if name == "name":
                if value != given.get("name"):
                    raise EvaluationError("rule initializer can't change the name of a target")
                continue
            spec = public.get(name)
            if spec is None:
                raise EvaluationError(
                    f"rule initializer can only set public attributes that its rule defines: it set '{name}', "
                    f"{_reason(rule, str(name), names)}",
                    hint=did_you_mean(str(name), public),
                )
            reads = labels if spec.type.holds_outputs else self.labels
            changed[name] = None if value is None else _lifted(rule, spec, value, reads)
        return changed


def _reason(rule: str, name: str, known: Container[str]) -> str:
    """Why an initializer may not set an attribute."""
    if name in COMMON_ATTRIBUTE_NAMES:
        return "which every rule has"
    return "which is private" if name in known else f"and '{rule}' has no such attribute"


def _lifted(rule: str, spec: AttributeSpec, value: Value, labels: LabelReader) -> Value:
    """A value with labels in the places of their texts."""
    try:
        read = AttributeReader(f"'{rule}' rule", labels).read(spec, value)
    except AttributeProblem as error:
        raise EvaluationError(error.message, hint=error.hint) from error
    if not isinstance(read, Select):
        return shown_value(read)
    return SelectExpression(tuple(_part(part) for part in read.parts))


def _part(part: Choice | PlainValue) -> Value:
    if not isinstance(part, Choice):
        return shown_value(part)
    branches = Dict((key_of(label), shown_value(value)) for label, value in part.branches.items())
    return SelectChoice(branches, part.no_match_error)
