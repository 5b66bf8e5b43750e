"""Attributes of repository rules and of tags: checked values, and how programs see them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.loading.attr_module import AttributeDescriptor
from venvship.loading.attribute_values import AttributeProblem, AttributeReader, LabelReader
from venvship.loading.attributes import AttributeSpec, AttributeType, PlainValue, Select
from venvship.loading.nearest import did_you_mean
from venvship.model.label import Label
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.keys import key_of
from venvship.starlark.values import Dict, List

_OUTPUTS = (AttributeType.OUTPUT, AttributeType.OUTPUT_LIST)


class MistakenAttribute(UserError):
    """A repository or a tag is given an attribute that does not exist or does not fit, or lacks one."""


def read_specs(attrs: Mapping[str, Value] | None) -> dict[str, AttributeSpec]:
    """The attributes that a dictionary of `attr.*` values describes."""
    specs: dict[str, AttributeSpec] = {}
    for name, descriptor in entries(Dict(attrs or {})):
        if type(name) is not str or not name.isidentifier():
            raise EvaluationError(f"in attrs, {name!r} can't be the name of an attribute")
        if not isinstance(descriptor, AttributeDescriptor):
            raise EvaluationError(f"in attrs, got {type_name(descriptor)} for value of '{name}', want Attribute")
        if descriptor.spec.computed_default is not None:
            raise EvaluationError(f"the default of attribute '{name}' can't be computed here")
        if descriptor.spec.type in _OUTPUTS:
            raise EvaluationError(f"attribute '{name}' can't name outputs here")
        specs[name] = dataclasses.replace(descriptor.spec, name=name, configurable=False)
    return specs


def read_values(
    what: str, specs: Mapping[str, AttributeSpec], given: Mapping[str, Value], labels: LabelReader, place: Place
) -> dict[str, PlainValue]:
    """The value of every attribute; raises everything that is wrong with those that are given."""
    reader = AttributeReader(what, labels)
    problems: list[VenvshipError] = []
    values: dict[str, PlainValue] = {}
    for name in given:
        if name not in specs:
            public = [known for known in specs if not known.startswith("_")]
            hint = did_you_mean(name, public)
            problems.append(MistakenAttribute(f"{what} has no attribute `{name}`", place=place, hint=hint))
        elif name.startswith("_"):
            problems.append(MistakenAttribute(f"attribute `{name}` of {what} is private", place=place))
    for name, spec in specs.items():
        value = None if name.startswith("_") else given.get(name)
        if value is None:
            if spec.mandatory:
                problems.append(MistakenAttribute(f"{what} needs a value for `{name}`", place=place))
            values[name] = spec.default_value
            continue
        try:
            read = reader.read(spec, value)
        except AttributeProblem as error:
            problems.append(MistakenAttribute(error.message, place=place, hint=error.hint))
            continue
        if isinstance(read, Select):
            problems.append(MistakenAttribute(f"`{name}` of {what} can't hold a select()", place=place))
        else:
            values[name] = read
    if problems:
        raise problems[0] if len(problems) == 1 else SeveralErrors(problems)
    return values


def shown_value(value: object) -> Value:
    """A checked value as programs see it: lists for tuples, dictionaries for mappings."""
    if isinstance(value, tuple):
        return List([shown_value(element) for element in value])
    if isinstance(value, Mapping):
        return Dict([(key_of(key), shown_value(element)) for key, element in value.items()])
    return value


def stable_text(value: object) -> str:
    """A text that is equal for equal checked values."""
    if isinstance(value, Label):
        return f"L{value.canonical!r}"
    if isinstance(value, tuple):
        return f"[{','.join(stable_text(element) for element in value)}]"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{stable_text(key)}:{stable_text(one)}" for key, one in value.items()) + "}"
    return repr(value)
