"""Equality and order as the language has them: a boolean is no number, and NaN equals itself."""

from __future__ import annotations

from types import NoneType

from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value, host_type_of, type_name
from venvship.starlark.thread import LONG_TEXT, STEP_BITS, current_thread
from venvship.starlark.values import DICTS, LISTS, SETS

_NATIVE = frozenset([str, int, bool, NoneType])
_NUMBERS = frozenset([int, float])


def equal(left: Value, right: Value) -> bool:
    """`left == right`."""
    if left is right:
        return True
    kind, other = type(left), type(right)
    if kind is other and kind in _NATIVE:
        if kind is str and len(left) > LONG_TEXT:
            current_thread().use_steps(len(left) >> STEP_BITS)
        return bool(left == right)
    if kind in _NUMBERS:
        return other in _NUMBERS and bool(left == right or (left != left and right != right))
    if kind in _NATIVE:
        return False
    if kind is tuple:
        return other is tuple and _equal_sequences(left, right)
    if kind in LISTS:
        return other in LISTS and _equal_sequences(left, right)
    if kind in DICTS:
        return other in DICTS and _equal_dicts(left, right)
    if kind in SETS:
        if other not in SETS or len(left) != len(right):
            return False
        current_thread().use_steps(len(left))
        return bool(left.keys() == right.keys())
    if kind is not other:
        return False
    compare = host_type_of(left).equal
    return bool(left == right) if compare is None else compare(left, right)


def _equal_sequences(left: Value, right: Value) -> bool:
    if len(left) != len(right):
        return False
    current_thread().use_steps(4 * len(left) + 1)
    return all(map(equal, left, right))


def _equal_dicts(left: Value, right: Value) -> bool:
    if len(left) != len(right):
        return False
    current_thread().use_steps(8 * len(left) + 1)
    return all(key in right and equal(value, right[key]) for key, value in left.items())


def less(left: Value, right: Value, *, mirrored: bool = False) -> bool:
    """`left < right`; refuses values without an order. `mirrored` if the program wrote `right > left`."""
    kind, other = type(left), type(right)
    if kind is other and (kind is str or kind is int or kind is bool):
        if kind is str and len(left) > LONG_TEXT:
            current_thread().use_steps(len(left) >> STEP_BITS)
        return bool(left < right)
    if kind in _NUMBERS and other in _NUMBERS:
        if left != left:
            return False  # NaN is above every number
        return right != right or bool(left < right)
    if (kind is tuple and other is tuple) or (kind in LISTS and other in LISTS):
        current_thread().use_steps(len(left))
        for a, b in zip(left, right):  # noqa: B905
            if not equal(a, b):
                return less(a, b, mirrored=mirrored)
        return len(left) < len(right)
    if kind is other:
        compare = host_type_of(left).less
        if compare is not None:
            return compare(left, right)
    first, second = (right, left) if mirrored else (left, right)
    raise EvaluationError(f"unsupported comparison: {type_name(first)} <=> {type_name(second)}")


class Ordered:
    """Wraps a value so that Python's sort compares as the language does."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value

    def __lt__(self, other: Ordered) -> bool:
        return less(self.value, other.value)
