"""Asks the functions of aspects where they go: to which targets, and from there along which attributes and toolchains.

The functions see parameters of the aspect and the target's rule. Dependencies are labels to them: nothing is analysed
yet when they are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import FunctionType

from venvship.analysis.aspects import AspectApplication, Directions, Guide
from venvship.errors import VenvshipError
from venvship.loading.aspects import EVERY_ATTRIBUTE, along_toolchain
from venvship.loading.attributes import PlainValue
from venvship.loading.config_module import EXEC
from venvship.loading.native_providers import shown_value
from venvship.loading.targets import RuleTarget
from venvship.model.label import InvalidLabel, Label
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.structs import Struct
from venvship.starlark.values import LISTS


def directions(aspect: AspectApplication, target: RuleTarget, values: Mapping[str, PlainValue]) -> Directions:
    """The aspects that travel with `aspect` and run on a target with these `values`, and where each goes from there."""
    answers: dict[Guide, frozenset[str]] = {}
    found: dict[AspectApplication, frozenset[str]] = {}
    for one in aspect.path:
        if one.guide is not None and not _admits(one.guide, target, values):
            continue
        names: set[str] = set()
        for way in one.along:
            if isinstance(way, str):
                names.add(way)
                continue
            if way not in answers:
                answers[way] = _answers(way, target, values)
            names |= answers[way]
        found[one] = frozenset(names)
    return found


def _admits(guide: Guide, target: RuleTarget, values: Mapping[str, PlainValue]) -> bool:
    predicate = guide.propagation.predicate
    if predicate is None:
        return True
    # Of attributes only what no configuration decides: whoever asks shall not need one.
    seen = Struct({"tags": _attribute(values["tags"], is_tool=False)})
    answer = _asked("propagation_predicate, which sees no attribute but `tags`,", predicate, guide, target, seen)
    if type(answer) is not bool:
        raise _unfit(target, f"propagation_predicate must return a bool, got {type_name(answer)}")
    return answer


def _answers(guide: Guide, target: RuleTarget, values: Mapping[str, PlainValue]) -> frozenset[str]:
    propagation = guide.propagation
    specs = target.rule_class.attributes
    seen = {
        name: _attribute(value, is_tool=specs[name].transition == EXEC)
        for name, value in values.items()
        if name in specs
    }
    seen["name"] = _attribute(target.label.name, is_tool=False)
    found: set[str] = set()
    if propagation.attributes is not None:
        answer = _asked("attr_aspects", propagation.attributes, guide, target, Struct(seen))
        found.update(_each("attr_aspects", answer, target, lambda name: name if type(name) is str else None, "string"))
    if propagation.toolchains is not None:

        def kind(one: Value) -> str | None:
            if type(one) is str:
                one = propagation.labels.read(one)
            return along_toolchain(one) if isinstance(one, Label) else None

        answer = _asked("toolchains_aspects", propagation.toolchains, guide, target, Struct(seen))
        found.update(_each("toolchains_aspects", answer, target, kind, "Label or string"))
    return frozenset(found)


def _each(
    what: str, answer: Value, target: RuleTarget, read: Callable[[Value], str | None], wanted: str
) -> Iterable[str]:
    if type(answer) not in LISTS and type(answer) is not tuple:
        raise _unfit(target, f"{what} must return a list, got {type_name(answer)}")
    found: list[str] = []
    for position, element in enumerate(answer):
        if element == EVERY_ATTRIBUTE:
            raise _unfit(target, f"'*' is not allowed in '{what}' list that a function returns")
        try:
            name = read(element)
        except InvalidLabel as error:
            raise _unfit(target, f"at index {position} of {what}: {error.message}") from error
        if name is None:
            raise _unfit(
                target, f"at index {position} of {what}, got element of type {type_name(element)}, want {wanted}"
            )
        found.append(name)
    return found


def _asked(what: str, function: FunctionType, guide: Guide, target: RuleTarget, attributes: Struct) -> Value:
    kind = Struct({"file_label": target.rule_class.defined_in, "rule_name": target.rule_class.name})
    rule = Struct({"attr": attributes, "label": target.label, "qualified_kind": kind})
    context = Struct({"attr": Struct(dict(guide.parameters)), "rule": rule})
    try:
        return guide.propagation.evaluator.call(function, (context,))
    except VenvshipError as error:
        error.chain = (*error.chain, f"in {what} on target `{target.label}`, declared at {target.place}")
        raise


def _attribute(value: PlainValue, *, is_tool: bool) -> Struct:
    return Struct({"is_tool": is_tool, "value": shown_value(value)})


def _unfit(target: RuleTarget, message: str) -> EvaluationError:
    error = EvaluationError(message)
    error.place = target.place
    return error
