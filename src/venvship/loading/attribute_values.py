"""Turns what a BUILD file passes to a rule into attribute values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from venvship.errors import UserError
from venvship.loading.absent_values import AbsentSymbol
from venvship.loading.attributes import (
    DEFAULT_CONDITION,
    AttributeSpec,
    AttributeType,
    AttributeValue,
    Choice,
    PlainValue,
    Select,
)
from venvship.loading.label_values import parse_label
from venvship.loading.nearest import did_you_mean
from venvship.loading.select_values import SelectChoice, SelectExpression
from venvship.model.depset import Depset
from venvship.model.label import InvalidLabel, Label, PackageId, target_name_problem
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import TYPES, Value, type_name
from venvship.starlark.iteration import is_iterable, sequence
from venvship.starlark.keys import value_of
from venvship.starlark.printer import Printer

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

_Part: TypeAlias = str | int | None
"""What of an attribute's value is read, for messages: the element at a position, a named part, or all of it."""

_Read: TypeAlias = Callable[[Value, AttributeSpec, _Part], T]

_SHOWN_CHARACTERS = 400
_SMALLEST_INT, _LARGEST_INT = -(1 << 31), (1 << 31) - 1


class AttributeProblem(UserError):
    """A value does not fit its attribute."""


class LabelReader:
    """Reads label texts as one package understands them; each text once."""

    def __init__(self, package: PackageId, mapping: Mapping[str, str]) -> None:
        self.package = package
        self.mapping = mapping
        self.known: dict[str, Label] = {}
        self._packages: dict[str, PackageId] = {}

    def read(self, text: str) -> Label:
        """Raises InvalidLabel."""
        label = self.known.get(text)
        if label is None:
            label = self.known[text] = self._parsed(text)
        return label

    def _parsed(self, text: str) -> Label:
        # Most labels are plain names of this package, or of one that was named before.
        if text.startswith("//"):
            package, colon, name = text.partition(":")
            if colon and package in self._packages and target_name_problem(name) is None:
                return Label(self._packages[package], name)
            label = parse_label(text, self.package, self.mapping)
            if colon:
                self._packages[package] = label.package
            return label
        name = text.removeprefix(":")
        if "/" not in name and not name.startswith("@") and target_name_problem(name) is None:
            return Label(self.package, name)
        return parse_label(text, self.package, self.mapping)


def listed(value: Value) -> Sequence[Value] | None:
    """What a list of an attribute holds: whatever has elements will do for one, a depset as well."""
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, Depset):
        return value.to_tuple()
    return sequence(value) if type(value) is not AbsentSymbol and is_iterable(value) else None


class AttributeReader:
    """Reads the values of one call; `call` is what problems say they are in, such as `'py_library' rule`."""

    def __init__(self, call: str, labels: LabelReader) -> None:
        self._call = call
        self._labels = labels

    def read(self, spec: AttributeSpec, value: Value) -> AttributeValue:
        """The converted value; raises AttributeProblem when it does not fit."""
        if type(value) is SelectExpression:
            return self._read_select(spec, value)
        return self._read_branch(spec, value)

    def _read_select(self, spec: AttributeSpec, expression: SelectExpression) -> Select:
        if not spec.configurable or spec.type.holds_outputs:
            raise AttributeProblem(f'attribute "{spec.name}" is not configurable, so it can\'t hold a select()')
        parts: list[Choice | PlainValue] = []
        for part in expression.parts:
            if type(part) is SelectChoice:
                branches = {
                    self._condition(spec, condition): None if value is None else self._read_branch(spec, value)
                    for condition, value in entries(part.branches)
                }
                if len(branches) != len(part.branches):
                    raise AttributeProblem(f"a condition of the select() for attribute '{spec.name}' is named twice")
                parts.append(Choice(branches, part.no_match_error))
            else:
                parts.append(self._read_plain(spec, part))
        return Select(tuple(parts))

    def _read_branch(self, spec: AttributeSpec, value: Value) -> PlainValue:
        plain = self._read_plain(spec, value)
        if spec.values or not spec.allow_empty:
            self._check_allowed(spec, plain)
        return plain

    def _condition(self, spec: AttributeSpec, condition: Value) -> Label:
        if isinstance(condition, Label):
            return condition
        if condition == "//conditions:default":
            return DEFAULT_CONDITION
        return self._label(condition, spec, "select()")

    def _read_plain(self, spec: AttributeSpec, value: Value) -> PlainValue:
        match spec.type:
            # The most frequent kinds first.
            case AttributeType.LABEL_LIST:
                labels = self._label_list(value, spec)
                if len(labels) > 1 and len(set(labels)) != len(labels):
                    twice = next(label for label in labels if labels.count(label) > 1)
                    raise AttributeProblem(f"label '{twice}' is duplicated in the {self._named(spec)}")
                return labels
            case AttributeType.STRING:
                return self._string(value, spec)
            case AttributeType.STRING_LIST:
                return self._string_list(value, spec)
            case AttributeType.STRING_SET:
                return tuple(dict.fromkeys(self._list(value, spec, self._string)))
            case AttributeType.STRING_DICT:
                return self._dict(value, spec, self._string, self._string)
            case AttributeType.STRING_LIST_DICT:
                return self._dict(value, spec, self._string, self._strings)
            case AttributeType.LABEL:
                return self._label(value, spec)
            case AttributeType.STRING_KEYED_LABEL_DICT:
                return self._dict(value, spec, self._string, self._label)
            case AttributeType.LABEL_KEYED_STRING_DICT:
                by_label = self._dict(value, spec, self._label, self._string)
                if len(by_label) != len(value):
                    raise AttributeProblem(f"a label is duplicated in the {self._named(spec)}")
                return by_label
            case AttributeType.LABEL_LIST_DICT:
                return self._dict(value, spec, self._string, self._labels_of)
            case AttributeType.BOOL:
                return self._bool(value, spec)
            case AttributeType.INT:
                return self._int(value, spec)
            case AttributeType.INT_LIST:
                return self._list(value, spec, self._int)
            case AttributeType.OUTPUT:
                return self._output(value, spec)
            case AttributeType.OUTPUT_LIST:
                return self._list(value, spec, self._output)

    def _check_allowed(self, spec: AttributeSpec, value: PlainValue) -> None:
        if spec.values and value not in spec.values:
            allowed = " or ".join(", ".join(map(repr, spec.values)).rsplit(", ", 1))
            raise AttributeProblem(
                f"invalid value in '{spec.name}' attribute: has to be one of {allowed} instead of {value!r}",
                hint=did_you_mean(str(value), map(str, spec.values)),
            )
        if not spec.allow_empty and isinstance(value, tuple | Mapping) and not value:
            raise AttributeProblem(f"attribute '{spec.name}' must be non empty")

    def _named(self, spec: AttributeSpec, part: _Part = None) -> str:
        named = f"attribute '{spec.name}' in {self._call}"
        if part is None:
            return named
        return f"{part} of {named}" if isinstance(part, str) else f"element {part} of {named}"

    def _wrong_type(self, wanted: str, value: Value, spec: AttributeSpec, part: _Part = None) -> AttributeProblem:
        return AttributeProblem(
            f"expected value of type '{wanted}' for {self._named(spec, part)}, but got {shown(value)}"
        )

    def _sequence(self, value: Value, wanted: str, spec: AttributeSpec, part: _Part = None) -> Sequence[Value]:
        found = listed(value)
        if found is None:
            raise self._wrong_type(wanted, value, spec, part)
        return found

    def _list(self, value: Value, spec: AttributeSpec, read: _Read[T]) -> tuple[T, ...]:
        values = self._sequence(value, spec.type.value, spec)
        return tuple([read(one, spec, position) for position, one in enumerate(values)])

    def _label_list(self, value: Value, spec: AttributeSpec) -> tuple[Label, ...]:
        known = self._labels.known
        labels: list[Label] = []
        for position, one in enumerate(self._sequence(value, spec.type.value, spec)):
            label = known.get(one) if type(one) is str else None
            labels.append(self._label(one, spec, position) if label is None else label)
        return tuple(labels)

    def _string_list(self, value: Value, spec: AttributeSpec) -> tuple[str, ...]:
        texts = self._sequence(value, spec.type.value, spec)
        for position, one in enumerate(texts):
            if type(one) is not str:
                raise self._wrong_type("string", one, spec, position)
        return tuple(texts)

    def _dict(
        self,
        value: Value,
        spec: AttributeSpec,
        read_key: _Read[K],
        read_value: _Read[V],
    ) -> dict[K, V]:
        if not isinstance(value, dict):
            raise self._wrong_type(spec.type.value, value, spec)
        result: dict[K, V] = {}
        for key, item in value.items():
            converted = read_key(value_of(key), spec, "dict key element")
            result[converted] = read_value(item, spec, "dict value element")
        return result

    def _string(self, value: Value, spec: AttributeSpec, part: _Part = None) -> str:
        if type(value) is not str:
            raise self._wrong_type("string", value, spec, part)
        return value

    def _strings(self, value: Value, spec: AttributeSpec, part: _Part = None) -> tuple[str, ...]:
        return tuple([self._string(one, spec, part) for one in self._sequence(value, "list(string)", spec, part)])

    def _labels_of(self, value: Value, spec: AttributeSpec, part: _Part = None) -> tuple[Label, ...]:
        return tuple([self._label(one, spec, part) for one in self._sequence(value, "list(label)", spec, part)])

    def _bool(self, value: Value, spec: AttributeSpec, part: _Part = None) -> bool:
        if type(value) is bool:
            return value
        if type(value) is int and value in (0, 1):
            return bool(value)
        if type(value) is int:
            raise AttributeProblem(f"boolean is not one of [0, 1] for {self._named(spec, part)}")
        raise self._wrong_type("boolean", value, spec, part)

    def _int(self, value: Value, spec: AttributeSpec, part: _Part = None) -> int:
        if type(value) is not int:
            raise self._wrong_type("int", value, spec, part)
        if not _SMALLEST_INT <= value <= _LARGEST_INT:
            raise AttributeProblem(f"got {value} for {self._named(spec, part)}, want value in signed 32-bit range")
        return value

    def _label(self, value: Value, spec: AttributeSpec, part: _Part = None) -> Label:
        if type(value) is Label:
            return value
        if type(value) is not str:
            raise self._wrong_type("label", value, spec, part)
        try:
            return self._labels.read(value)
        except InvalidLabel as error:
            raise AttributeProblem(f"{error.message} (in {self._named(spec, part)})", hint=error.hint) from error

    def _output(self, value: Value, spec: AttributeSpec, part: _Part = None) -> Label:
        label = self._label(value, spec, part)
        if label.package != self._labels.package:
            raise AttributeProblem(f"label '{label}' in {self._named(spec, part)} is not in the current package")
        return label


def shown(value: Value) -> str:
    """A short form of any value, and its type."""
    if type(value) not in TYPES:
        return f"{value!r}"[:_SHOWN_CHARACTERS]
    printer = Printer(_SHOWN_CHARACTERS)
    try:
        printer.repr(value)
    except EvaluationError:
        return f"a long {type_name(value)}"
    return f"{printer.text} ({type_name(value)})"
