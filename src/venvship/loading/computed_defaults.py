"""Defaults of attributes that a function computes from the values of other attributes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import FunctionType

from venvship.errors import UserError
from venvship.loading.attribute_values import AttributeReader, LabelReader
from venvship.loading.attributes import AttributeSpec, PlainValue, Select
from venvship.loading.evaluation import Evaluator
from venvship.loading.native_providers import shown_value


class BadComputedDefault(UserError):
    """A function for a default asks for attributes that there are not, or gives something that does not fit."""


class ComputedDefault:
    """What `AttributeSpec.computed_default` holds for attributes of rules written in Starlark."""

    def __init__(self, function: FunctionType, spec: AttributeSpec, labels: LabelReader, evaluator: Evaluator) -> None:
        self._function = function
        self._spec = spec
        self._labels = labels
        self._evaluator = evaluator
        self.parameters = tuple(inspect.signature(function).parameters)

    def __call__(self, values: Mapping[str, PlainValue]) -> PlainValue:
        """The default for a target with these values of other attributes."""
        missing = [name for name in self.parameters if name not in values]
        if missing:
            raise BadComputedDefault(
                f"the default of attribute `{self._spec.name}` is computed from {', '.join(map(repr, missing))}, "
                "and the rule has no such attribute"
            )
        found = self._evaluator.call(self._function, [shown_value(values[name]) for name in self.parameters])
        if found is None:
            return self._spec.type.empty
        read = AttributeReader("its computed default", self._labels).read(self._spec, found)
        if isinstance(read, Select):
            raise BadComputedDefault(f"the default of attribute `{self._spec.name}` can't be a select()")
        return read
