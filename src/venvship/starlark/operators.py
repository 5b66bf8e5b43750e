"""The operators, as functions that compiled programs call."""

from __future__ import annotations

from collections.abc import Callable

from venvship.starlark.equality import equal, less
from venvship.starlark.errors import EvaluationError
from venvship.starlark.formatting import format_percent
from venvship.starlark.host_types import MISSING, Value, checked_value, host_type_of, type_name
from venvship.starlark.numbers import SMALL_INT, checked_int, finite_index, pay_for_digits, to_float
from venvship.starlark.sizes import MAX_CHARACTERS, MAX_ELEMENTS, SMALL, more_elements, new_elements, new_text
from venvship.starlark.thread import current_thread
from venvship.starlark.values import DICTS, LISTS, SETS, Dict, List, Set, check_mutable

_NUMBERS = frozenset([int, float])


def _refuse(operator: str, left: Value, right: Value) -> Value:
    for side in (left, right):
        hook = host_type_of(side).binary
        if hook is not None:
            result = hook(operator, left, right)
            if result is not MISSING:
                return checked_value(result, f"the operator {operator}")
    raise EvaluationError(f"unsupported binary operation: {type_name(left)} {operator} {type_name(right)}")


def _pay_for_sets(left: Value, right: Value) -> None:
    size = len(left) + len(right)
    current_thread().use_steps(4 * size)
    new_elements(size)


def add(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is int and other is int:
        result = left + right
        return result if -SMALL_INT < result < SMALL_INT else checked_int(result)
    if kind is str and other is str:
        size = len(left) + len(right)
        if size > SMALL:
            new_text(size)
        return left + right
    if kind in LISTS and other in LISTS:
        new_elements(len(left) + len(right))
        return List(left + right)
    if kind is tuple and other is tuple:
        new_elements(len(left) + len(right))
        return left + right
    if kind in _NUMBERS and other in _NUMBERS:
        return to_float(left) + to_float(right)
    return _refuse("+", left, right)


def subtract(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is int and other is int:
        result = left - right
        return result if -SMALL_INT < result < SMALL_INT else checked_int(result)
    if kind in _NUMBERS and other in _NUMBERS:
        return to_float(left) - to_float(right)
    if kind in SETS and other in SETS:
        _pay_for_sets(left, right)
        return Set((key, None) for key in left if key not in right)
    return _refuse("-", left, right)


def multiply(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is int:
        if other is int:
            result = left * right
            if -SMALL_INT < result < SMALL_INT:
                return result
            pay_for_digits(left, right)
            return checked_int(result)
        if other is str or other is tuple or other in LISTS:
            return _repeat(right, left)
    elif other is int and (kind is str or kind is tuple or kind in LISTS):
        return _repeat(left, right)
    if kind in _NUMBERS and other in _NUMBERS:
        return to_float(left) * to_float(right)
    return _refuse("*", left, right)


def _repeat(value: Value, count: int) -> Value:
    count = max(finite_index(count, "repeat"), 0)
    is_text = type(value) is str
    if len(value) * count > (MAX_CHARACTERS if is_text else MAX_ELEMENTS):
        raise EvaluationError(f"excessive repeat ({len(value)} * {count} {'characters' if is_text else 'elements'})")
    (new_text if is_text else new_elements)(len(value) * count)
    if not value:
        count = 0
    return List(value * count) if type(value) in LISTS else value * count


def divide(left: Value, right: Value) -> Value:
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        if right == 0:
            raise EvaluationError("floating-point division by zero")
        return to_float(left) / to_float(right)
    return _refuse("/", left, right)


def floor_divide(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind in _NUMBERS and other in _NUMBERS:
        if right == 0:
            raise EvaluationError("integer division by zero")
        if kind is int and other is int:
            if not -SMALL_INT < left < SMALL_INT:
                pay_for_digits(left, right)
            return left // right
        return to_float(left) // to_float(right)
    return _refuse("//", left, right)


def modulo(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is str:
        return format_percent(left, right)
    if kind is int and other is int and right != 0:
        if not -SMALL_INT < left < SMALL_INT:
            pay_for_digits(left, right)
        return left % right
    if kind in _NUMBERS and other in _NUMBERS:
        if right == 0:
            noun = "integer" if kind is int and other is int else "floating-point"
            raise EvaluationError(f"{noun} modulo by zero")
        return to_float(left) % to_float(right)
    return _refuse("%", left, right)


def bit_and(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return left & right
    if kind in SETS and other in SETS:
        _pay_for_sets(left, right)
        return Set((key, None) for key in left if key in right)
    return _refuse("&", left, right)


def bit_or(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return left | right
    if (kind in DICTS and other in DICTS) or (kind in SETS and other in SETS):
        current_thread().use_steps((len(left) + len(right)) >> 1)
        new_elements(len(left) + len(right))
        result = Dict(left) if kind in DICTS else Set(left)
        result.update(right)
        return result
    return _refuse("|", left, right)


def bit_xor(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return left ^ right
    if kind in SETS and other in SETS:
        _pay_for_sets(left, right)
        result = Set((key, None) for key in left if key not in right)
        result.update((key, None) for key in right if key not in left)
        return result
    return _refuse("^", left, right)


def _check_shift(count: int) -> None:
    if count < 0:
        raise EvaluationError(f"negative shift count: {count}")
    if count >= 512:
        raise EvaluationError(f"shift count too large: {count}")


def shift_left(left: Value, right: Value) -> Value:
    if type(left) is int and type(right) is int:
        _check_shift(right)
        return checked_int(left << right)
    return _refuse("<<", left, right)


def shift_right(left: Value, right: Value) -> Value:
    if type(left) is int and type(right) is int:
        if right < 0:
            raise EvaluationError(f"negative shift count: {right}")
        return left >> right
    return _refuse(">>", left, right)


def negative(value: Value) -> Value:
    if type(value) in _NUMBERS:
        return -value
    raise EvaluationError(f"unsupported unary operation: -{type_name(value)}")


def positive(value: Value) -> Value:
    if type(value) in _NUMBERS:
        return value
    raise EvaluationError(f"unsupported unary operation: +{type_name(value)}")


def invert(value: Value) -> Value:
    if type(value) is int:
        return ~value
    raise EvaluationError(f"unsupported unary operation: ~{type_name(value)}")


def not_equal(left: Value, right: Value) -> bool:
    return not equal(left, right)


def greater(left: Value, right: Value) -> bool:
    return less(right, left, mirrored=True)


def less_or_equal(left: Value, right: Value) -> bool:
    return not less(right, left, mirrored=True)


def greater_or_equal(left: Value, right: Value) -> bool:
    return not less(left, right)


def in_place(operator: str) -> Callable[[Value, Value], Value]:
    """`left op= right`: changes lists, dictionaries and sets, computes a new value of others."""
    plain = BINARY[operator]

    def add_in_place(left: Value, right: Value) -> Value:
        if type(left) in LISTS:
            if type(right) not in LISTS:
                return _refuse("+", left, right)
            check_mutable(left)
            more_elements(len(left), len(right))
            left.extend(right)
            return left
        return plain(left, right)

    def update_in_place(left: Value, right: Value) -> Value:
        kind, other = type(left), type(right)
        if (kind in DICTS and other in DICTS) or (kind in SETS and other in SETS):
            check_mutable(left)
            if operator == "|":
                more_elements(len(left), len(right))
                left.update(right)
            elif kind in SETS:
                result = plain(left, right)
                left.clear()
                left.update(result)
            else:
                return _refuse(operator, left, right)
            return left
        return plain(left, right)

    match operator:
        case "+":
            return add_in_place
        case "|" | "&" | "-" | "^":
            return update_in_place
        case _:
            return plain


BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "//": floor_divide,
    "%": modulo,
    "&": bit_and,
    "|": bit_or,
    "^": bit_xor,
    "<<": shift_left,
    ">>": shift_right,
}


COMPARISON: dict[str, Callable[[Value, Value], bool]] = {
    "==": equal,
    "!=": not_equal,
    "<": less,
    ">": greater,
    "<=": less_or_equal,
    ">=": greater_or_equal,
}
