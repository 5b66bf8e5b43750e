"""Between plain Python values and values of the language."""

from __future__ import annotations

from collections.abc import Mapping

from venvship.starlark.host_types import TYPES, Value, checked_value
from venvship.starlark.keys import key_of, value_of
from venvship.starlark.values import DICTS, LISTS, SETS, Dict, List, Set


def from_host(value: object) -> Value:
    """Lists, dictionaries and sets become the language's own, recursively; the rest must be known already."""
    if type(value) in TYPES and type(value) is not tuple:
        return value
    if isinstance(value, tuple):
        return tuple([from_host(element) for element in value])
    if isinstance(value, list):
        return List([from_host(element) for element in value])
    if isinstance(value, Mapping):
        return Dict([(key_of(from_host(key)), from_host(element)) for key, element in value.items()])
    if isinstance(value, (set, frozenset)):
        return Set.fromkeys([key_of(from_host(element)) for element in sorted(value)])
    return checked_value(value, "the host")


def to_host(value: Value) -> Value:
    """Lists and dictionaries become Python's own, sets become lists in their order, recursively."""
    kind = type(value)
    if kind in LISTS:
        return [to_host(element) for element in value]
    if kind is tuple:
        return tuple([to_host(element) for element in value])
    if kind in DICTS:
        return {to_host(value_of(key)): to_host(element) for key, element in value.items()}
    if kind in SETS:
        return [to_host(value_of(key)) for key in value]
    return value
