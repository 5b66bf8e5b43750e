"""How values are stored as dictionary keys.

Python folds `True`, `1` and `1.0` into one key; the language folds the last two only. A boolean is therefore stored
as an object of its own, and so is a tuple that holds more than strings, integers and None.

Python hashes nested tuples by recursion in C without a bound, so a tuple handed to it is never nested here.
"""

from __future__ import annotations

from types import NoneType
from typing import Final

from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import TYPES, Value, host_type_of
from venvship.starlark.thread import LONG_TEXT, STEP_BITS, current_thread

_DEPTH_LIMIT = 200
_SHORT_TUPLE = 8
_STEPS_OF_KEY = 64
_PLAIN = frozenset([str, int, NoneType])
_NAN: Final = float("nan")


class Unhashable(EvaluationError):
    """A value can't be a key."""

    def __init__(self, type_name: str) -> None:
        super().__init__(f"unhashable type: '{type_name}'")


class BoolKey:
    """A boolean as a key; there are two objects of this class."""

    __slots__ = ("value",)

    def __init__(self, value: bool) -> None:
        self.value = value


TRUE_KEY: Final = BoolKey(True)
FALSE_KEY: Final = BoolKey(False)


class TupleKey:
    """A tuple as a key, with its elements stored as keys."""

    __slots__ = ("_elements", "_hash", "value")

    def __init__(self, value: tuple[Value, ...], elements: tuple[object, ...]) -> None:
        self.value = value
        self._elements = elements
        self._hash = hash(elements)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        # (1,) is stored as it is and (1.0,) is not, yet they are one key.
        if type(other) is tuple:
            return self._elements == other
        return type(other) is TupleKey and self._elements == other._elements


def key_of(value: Value, depth: int = 0) -> object:
    """What to store or look up for `value`; refuses what can't be a key."""
    kind = type(value)
    if kind is str:
        if len(value) > LONG_TEXT:
            current_thread().use_steps(len(value) >> STEP_BITS)
        return value
    if kind is int or value is None:
        return value
    if kind is bool:
        return TRUE_KEY if value else FALSE_KEY
    if kind is float:
        # One object, because NaN equals itself here and dictionaries look at identity first.
        return value if value == value else _NAN
    if kind is tuple:
        if len(value) > _SHORT_TUPLE:
            current_thread().use_steps(len(value) >> 2)
        for element in value:
            if type(element) not in _PLAIN:
                break
        else:
            return value
        if depth > _DEPTH_LIMIT:
            raise EvaluationError("a tuple nested this deeply can't be a key")
        # Paid for each time it is reached: a few lines can name a tuple that holds another a million times.
        current_thread().use_steps(_STEPS_OF_KEY)
        return TupleKey(value, tuple([key_of(element, depth + 1) for element in value]))
    host_type = TYPES.get(kind) or host_type_of(value)
    if not host_type.hashable:
        raise Unhashable(host_type.name)
    hash(value)
    return value


def value_of(key: object) -> Value:
    """The value that `key_of` stored."""
    kind = type(key)
    return key.value if kind is BoolKey or kind is TupleKey else key  # type: ignore[attr-defined]


def hash_of(value: Value) -> int:
    """A hash that agrees with the language's equality."""
    return hash(key_of(value))
