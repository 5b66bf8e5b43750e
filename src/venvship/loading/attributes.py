"""Attributes of rules: what a rule class accepts, and the values that targets hold.

A value is checked and converted when its target is loaded: label texts become `Label`, lists become tuples, and
choices made with `select()` stay open as `Select` until a configuration is known.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable, Mapping
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId

PlainValue: TypeAlias = (
    bool
    | int
    | str
    | Label
    | tuple[str, ...]
    | tuple[int, ...]
    | tuple[Label, ...]
    | Mapping[str, str]
    | Mapping[str, tuple[str, ...]]
    | Mapping[str, Label]
    | Mapping[str, tuple[Label, ...]]
    | Mapping[Label, str]
    | None
)
"""A converted value without open choices; mappings are never changed after loading."""

DEFAULT_CONDITION = Label(PackageId(MAIN_REPOSITORY, "conditions"), "default")
"""The condition of a `select()` that holds when no other does; it is the same one in every repository."""

NO_EDGE = "none"
"""What `AttributeSpec.transition` holds for labels that only name a target and need nothing of it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One `select()`: a value for each condition. None stands for the default value of the attribute."""

    branches: Mapping[Label, PlainValue]
    no_match_error: str = ""


@dataclass(frozen=True, slots=True)
class Select:
    """Choices and plain values that are joined, in order, once a configuration is known."""

    parts: tuple[Choice | PlainValue, ...]

    @property
    def conditions(self) -> tuple[Label, ...]:
        """Every condition that any choice asks about, except the default one, each once."""
        found: dict[Label, None] = {}
        for part in self.parts:
            if isinstance(part, Choice):
                found.update(dict.fromkeys(part.branches))
        found.pop(DEFAULT_CONDITION, None)
        return tuple(found)


AttributeValue: TypeAlias = PlainValue | Select


class AttributeType(enum.Enum):
    """What an attribute holds; the value is how messages name it."""

    STRING = "string"
    STRING_LIST = "list(string)"
    STRING_SET = "set(string)"
    STRING_DICT = "dict(string, string)"
    STRING_LIST_DICT = "dict(string, list(string))"
    LABEL = "label"
    LABEL_LIST = "list(label)"
    STRING_KEYED_LABEL_DICT = "dict(string, label)"
    LABEL_KEYED_STRING_DICT = "dict(label, string)"
    LABEL_LIST_DICT = "dict(string, list(label))"
    BOOL = "bool"
    INT = "int"
    INT_LIST = "list(int)"
    OUTPUT = "output"
    OUTPUT_LIST = "list(output)"

    # That of the standard library is a function in Python.
    __hash__ = object.__hash__

    @property
    def empty(self) -> PlainValue:
        """The value of an attribute that neither a target nor its specification sets."""
        return _EMPTY[self]

    @property
    def holds_dependencies(self) -> bool:
        return self in _DEPENDENCIES

    @property
    def holds_outputs(self) -> bool:
        return self in (AttributeType.OUTPUT, AttributeType.OUTPUT_LIST)


_EMPTY: Mapping[AttributeType, PlainValue] = {
    AttributeType.STRING: "",
    AttributeType.STRING_LIST: (),
    AttributeType.STRING_SET: (),
    AttributeType.STRING_DICT: {},
    AttributeType.STRING_LIST_DICT: {},
    AttributeType.LABEL: None,
    AttributeType.LABEL_LIST: (),
    AttributeType.STRING_KEYED_LABEL_DICT: {},
    AttributeType.LABEL_KEYED_STRING_DICT: {},
    AttributeType.LABEL_LIST_DICT: {},
    AttributeType.BOOL: False,
    AttributeType.INT: 0,
    AttributeType.INT_LIST: (),
    AttributeType.OUTPUT: None,
    AttributeType.OUTPUT_LIST: (),
}

_DEPENDENCIES = frozenset(
    {
        AttributeType.LABEL,
        AttributeType.LABEL_LIST,
        AttributeType.STRING_KEYED_LABEL_DICT,
        AttributeType.LABEL_KEYED_STRING_DICT,
        AttributeType.LABEL_LIST_DICT,
    }
)


@dataclass(frozen=True, slots=True)
class AttributeSpec:
    """What one attribute of a rule class accepts.

    `default` of None means the empty value of the type. `allow_files` is which files may stand in a label attribute:
    all, none, or those whose names end with one of the suffixes. `providers` lists alternatives: a dependency must
    have all providers of at least one of them. `transition` says how dependencies are configured, `aspects` what is
    run along them, and `computed_default` gives the default out of the values of other attributes; all three belong
    to analysis and are opaque here. An attribute whose name starts with `_` can't be set by a target.
    """

    name: str
    type: AttributeType
    default: PlainValue = None
    mandatory: bool = False
    values: tuple[str | int, ...] = ()
    allow_files: bool | tuple[str, ...] = False
    allow_single_file: bool = False
    allow_empty: bool = True
    providers: tuple[frozenset[Hashable], ...] = ()
    executable: bool = False
    configurable: bool = True
    transition: object = None
    doc: str = ""
    computed_default: object = None
    aspects: tuple[Hashable, ...] = ()

    @property
    def is_private(self) -> bool:
        return self.name.startswith("_")

    @property
    def default_value(self) -> PlainValue:
        return self.type.empty if self.default is None else self.default

    def allows_file(self, name: str) -> bool:
        """Whether a file of this name may stand in this attribute."""
        if isinstance(self.allow_files, tuple):
            return name.endswith(self.allow_files)
        return self.allow_files


def labels_in(value: PlainValue) -> tuple[Label, ...]:
    """The labels that a converted value holds, in order.

    >>> labels_in(("a", "b"))
    ()
    """
    if isinstance(value, Label):
        return (value,)
    if isinstance(value, tuple):
        return tuple(element for element in value if isinstance(element, Label))
    if isinstance(value, Mapping):
        return tuple(one for pair in value.items() for part in pair for one in _labels_of(part))
    return ()


def _labels_of(part: object) -> tuple[Label, ...]:
    if isinstance(part, tuple):
        return tuple(one for one in part if isinstance(one, Label))
    return (part,) if isinstance(part, Label) else ()
