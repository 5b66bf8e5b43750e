"""Integers within bounds, and their conversions."""

from __future__ import annotations

import math
import re

from venvship.starlark.errors import EvaluationError
from venvship.starlark.floats import non_finite
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.thread import current_thread

MAX_BITS = 8192
"""Of the largest integer; its decimal text stays within the interpreter's own limit on digits."""

SMALL_INT = 1 << 62
"""Below it nobody has to look at the bound."""

_PRODUCT_BITS = 16
"""2 ** 16 products of two bits are computed in the time of one step."""

_PARSED_BITS = 14
"""The same for pairs of digits of a text."""

_BOUND = 1 << MAX_BITS
_INDEX_BOUND = 1 << 31

_DECIMAL = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|\.[0-9]+([eE][+-]?[0-9]+)?")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PREFIXES = {"0x": 16, "0o": 8, "0b": 2}


def checked_int(value: int) -> int:
    """`value`, unless it is too large."""
    if -SMALL_INT < value < SMALL_INT:
        return value
    current_thread().use_steps(1)
    if -_BOUND < value < _BOUND:
        return value
    raise EvaluationError(f"integer overflow: more than {MAX_BITS} bits")


def pay_for_digits(left: int, right: int) -> None:
    """Pay for what grows with the digits of both: a product, or a quotient."""
    current_thread().use_steps(left.bit_length() * right.bit_length() >> _PRODUCT_BITS)


def pay_for_text(value: int) -> None:
    """Pay for the decimal text of an integer."""
    if not -SMALL_INT < value < SMALL_INT:
        current_thread().use_steps(value.bit_length() ** 2 >> _PRODUCT_BITS)


def finite_index(value: Value, what: str) -> int:
    """An integer in the signed 32-bit range; booleans are none."""
    if type(value) is not int:
        raise EvaluationError(f"got {type_name(value)} for {what}, want int")
    if not -_INDEX_BOUND <= value < _INDEX_BOUND:
        raise EvaluationError(f"got {value} for {what}, want value in signed 32-bit range")
    return value


def to_float(value: int | float) -> float:
    """The float closest to a number."""
    try:
        return float(value)
    except OverflowError:
        raise EvaluationError("int too large to convert to float") from None


def float_to_int(value: float) -> int:
    """The integer part."""
    if not math.isfinite(value):
        raise EvaluationError(f"can't convert float {non_finite(value)} to int")
    return int(value)


def parse_float(text: str) -> float:
    """Read a float as the `float` function does."""
    if text == "":
        raise EvaluationError("empty string")
    bare = text.lower().lstrip("+-") if text[:1] in ("+", "-") and text[1:2] not in ("+", "-") else text.lower()
    if bare in ("inf", "infinity", "nan"):
        return float(text)
    if not _DECIMAL.fullmatch(bare):
        raise EvaluationError(f"invalid float literal: {text}")
    value = float(text)
    if math.isinf(value):
        raise EvaluationError("floating-point number too large")
    return value


def parse_int(text: str, base: int) -> int:
    """Read an integer as the `int` function does; base 0 goes by the prefix."""
    if text == "":
        raise EvaluationError("empty string")
    if base != 0 and not 2 <= base <= 36:
        raise EvaluationError(f"invalid base {base} (want 2 <= base <= 36)")
    digits = text[1:] if text[:1] in ("+", "-") else text
    prefix = _PREFIXES.get(digits[:2].lower())
    if prefix is not None and base in (0, prefix):
        digits, actual = digits[2:], prefix
    else:
        actual = base or 10
        if base == 0 and len(digits) > 1 and digits.startswith("0"):
            raise EvaluationError(f'cannot infer base when string begins with a 0: "{text}"')
    if len(digits) > MAX_BITS:
        raise EvaluationError(f"integer overflow: more than {MAX_BITS} bits")
    if not digits or not set(digits.lower()) <= set(_DIGITS[:actual]):
        raise EvaluationError(f'invalid base-{actual} literal: "{text}"')
    current_thread().use_steps(len(digits) * len(digits) >> _PARSED_BITS)
    value = checked_int(int(digits, actual))
    return -value if text.startswith("-") else value
