"""Conditions of `select()`: which branch a configuration takes."""

from __future__ import annotations

from collections.abc import Mapping

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.attributes import DEFAULT_CONDITION, AttributeSpec, AttributeType, Choice, PlainValue, Select
from venvship.model.label import Label


@dataclass(frozen=True, slots=True)
class ConditionInfo:
    """Whether a `config_setting` or `constraint_value` holds, and the facts that it asks for.

    A condition that asks for a strict superset of another's facts is more special and wins over it.
    """

    matches: bool
    facts: frozenset[tuple[str, str]]


class NoMatchingCondition(UserError):
    """No branch of a `select()` holds and there is no default."""

    def __init__(self, attribute: str, choice: Choice) -> None:
        message = choice.no_match_error or "no condition holds and there is no `//conditions:default`"
        super().__init__(
            f"select() in attribute `{attribute}`: {message}; conditions:\n"
            + "\n".join(f"  {condition}" for condition in choice.branches),
            hint="add a branch for this configuration, or `//conditions:default`",
        )


class AmbiguousConditions(UserError):
    """Several branches of a `select()` hold and none is more special than the others."""

    def __init__(self, attribute: str, matching: list[Label]) -> None:
        super().__init__(
            f"select() in attribute `{attribute}`: several conditions hold and none is more special:\n"
            + "\n".join(f"  {condition}" for condition in matching),
            hint="make the conditions exclude each other, or let one ask for everything that the others ask for",
        )


class NotACondition(UserError):
    """A key of a `select()` is a target of another kind."""

    def __init__(self, attribute: str, condition: Label) -> None:
        super().__init__(
            f"select() in attribute `{attribute}`: `{condition}` is not a config_setting or constraint_value"
        )


def resolved(spec: AttributeSpec, value: Select, conditions: Mapping[Label, ConditionInfo | None]) -> PlainValue:
    """Take the branch of every choice that holds and join the parts.

    `conditions` has an entry for every condition of `value`, None for a target that is no condition. Raises
    NoMatchingCondition, AmbiguousConditions or NotACondition.
    """
    parts: list[PlainValue] = []
    for part in value.parts:
        taken = _branch(spec.name, part, conditions) if isinstance(part, Choice) else part
        if taken is None:
            if len(value.parts) == 1:
                return spec.default_value
            taken = spec.type.empty
        parts.append(taken)
    return _joined(spec.type, parts)


def _branch(attribute: str, choice: Choice, conditions: Mapping[Label, ConditionInfo | None]) -> PlainValue:
    matching: dict[Label, frozenset[tuple[str, str]]] = {}
    for label in choice.branches:
        if label == DEFAULT_CONDITION:
            continue
        info = conditions[label]
        if info is None:
            raise NotACondition(attribute, label)
        if info.matches:
            matching[label] = info.facts
    most_special = [label for label, facts in matching.items() if all(facts >= others for others in matching.values())]
    if most_special:
        values = [choice.branches[label] for label in most_special]
        if all(value == values[0] for value in values):
            return values[0]
    if matching:
        values = [choice.branches[label] for label in matching]
        if all(value == values[0] for value in values):
            return values[0]
        raise AmbiguousConditions(attribute, list(matching))
    if DEFAULT_CONDITION in choice.branches:
        return choice.branches[DEFAULT_CONDITION]
    raise NoMatchingCondition(attribute, choice)


def _joined(kind: AttributeType, parts: list[PlainValue]) -> PlainValue:
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, str) and kind is AttributeType.STRING:
        return "".join(part for part in parts if isinstance(part, str))
    if isinstance(first, tuple):
        joined: list[object] = []
        for part in parts:
            if isinstance(part, tuple):
                joined.extend(part)
        return tuple(joined)  # type: ignore[return-value]  # elements of one attribute have one type
    if isinstance(first, Mapping):
        merged: dict[object, object] = {}
        for part in parts:
            if isinstance(part, Mapping):
                merged.update(part.items())
        return merged  # type: ignore[return-value]  # as above
    return parts[-1]
