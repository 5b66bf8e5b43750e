"""Outputs that every target of a rule class has, named by templates such as `%{name}.tar`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import field
from types import FunctionType
from typing import Protocol

from venvship.dataclass import dataclass
from venvship.loading.attribute_values import AttributeProblem
from venvship.loading.attributes import AttributeSpec, AttributeType, AttributeValue, Select
from venvship.loading.evaluation import Evaluator
from venvship.loading.native_providers import shown_value
from venvship.model.label import Label
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.values import DICTS

_PLACEHOLDER = re.compile(r"%\{(\w+)\}")


class NamedTarget(Protocol):
    """A target as far as the names of its outputs depend on it."""

    @property
    def label(self) -> Label: ...

    def value(self, name: str) -> AttributeValue: ...


class ImplicitOutputs(Protocol):
    """Templates by the names that `ctx.outputs` gives their files."""

    def templates(self, target: NamedTarget, specs: Mapping[str, AttributeSpec]) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class OutputTemplates:
    """The same templates for every target."""

    by_name: Mapping[str, str] = field(default_factory=dict)

    def templates(self, target: NamedTarget, specs: Mapping[str, AttributeSpec]) -> Mapping[str, str]:
        return self.by_name


@dataclass(frozen=True, slots=True, eq=False)
class OutputFunction:
    """A function that answers the templates; its parameters are the names of attributes."""

    function: FunctionType
    evaluator: Evaluator

    def templates(self, target: NamedTarget, specs: Mapping[str, AttributeSpec]) -> Mapping[str, str]:
        arguments: dict[str, Value] = {}
        for name in inspect.signature(self.function).parameters:
            if name != "name" and name not in specs:
                raise AttributeProblem(
                    f"{target.label}: the names of outputs depend on '{name}', which is no attribute"
                )
            value = target.value(name)
            if isinstance(value, Select):
                raise AttributeProblem(
                    f"{target.label}: '{name}' decides about names of outputs and can't be a select()"
                )
            arguments[name] = shown_value(value)
        return read_templates(self.evaluator.call(self.function, (), arguments))


def read_templates(value: Value) -> dict[str, str]:
    """A dictionary of a program as templates by name."""
    if type(value) not in DICTS:
        raise EvaluationError(f"outputs must be a dict of names to templates, or a function, not {type_name(value)}")
    templates: dict[str, str] = {}
    for name, template in entries(value):
        if type(name) is not str or type(template) is not str:
            raise EvaluationError("outputs must be a dict of strings to strings")
        templates[name] = template
    return templates


def implicit_outputs(
    outputs: ImplicitOutputs, target: NamedTarget, specs: Mapping[str, AttributeSpec]
) -> dict[str, str]:
    """The names of the files, below the package, by the names of the templates."""
    if isinstance(outputs, OutputTemplates) and not outputs.by_name:
        return {}

    def replaced(match: re.Match[str]) -> str:
        name = match[1]
        if name == "name":
            return target.label.name
        value = target.value(name) if name in specs else None
        if not isinstance(value, str) or specs[name].type is not AttributeType.STRING:
            raise AttributeProblem(f"{target.label}: attribute '{name}' can't stand in the name of an output")
        return value

    return {name: _PLACEHOLDER.sub(replaced, template) for name, template in outputs.templates(target, specs).items()}
