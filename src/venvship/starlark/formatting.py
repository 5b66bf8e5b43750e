"""`format % values` and `string.format(...)`.

Fields name an argument by position or keyword and nothing else: Python's own mini language reads attributes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from venvship.starlark.errors import EvaluationError
from venvship.starlark.floats import non_finite
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.numbers import float_to_int, pay_for_text, to_float
from venvship.starlark.printer import Printer, quote
from venvship.starlark.thread import current_thread

_NESTED = re.compile(r"[^{}]*\{")
_INDEX = re.compile(r"[+-]?[0-9]+", re.ASCII)
_FIELD = re.compile(r"[^{}]+|\{\{|\}\}|\{[^{}]*\}|[{}]")
_MAX_WIDTH_OF_FLOAT = 400


def format_percent(pattern: str, operand: Value) -> str:
    """`pattern % operand`."""
    values = operand if type(operand) is tuple else (operand,)
    printer = Printer(current_thread().output_budget)
    used = 0
    start = 0
    while (percent := pattern.find("%", start)) >= 0:
        printer.write(pattern[start:percent])
        letter = pattern[percent + 1 : percent + 2]
        start = percent + 2
        if letter == "":
            raise EvaluationError(f"incomplete format pattern ends with %: {quote(pattern)}")
        if letter == "%":
            printer.write("%")
            continue
        if letter not in "srdoxXeEfFgG":
            raise EvaluationError(
                f"unsupported format character {quote(letter)} at index {percent + 1} in {quote(pattern)}"
            )
        if used == len(values):
            raise EvaluationError(f"not enough arguments for format pattern {quote(pattern)}")
        _write_converted(printer, letter, values[used])
        used += 1
    printer.write(pattern[start:])
    if used < len(values):
        raise EvaluationError("not all arguments converted during string formatting")
    return printer.paid_text()


def _write_converted(printer: Printer, letter: str, value: Value) -> None:
    if letter == "s":
        printer.str(value)
        return
    if letter == "r":
        printer.repr(value)
        return
    if type(value) is not int and type(value) is not float:
        raise EvaluationError(f"got {type_name(value)} for '%{letter}' format, want int or float")
    if letter in "doxX":
        if type(value) is float and not math.isfinite(value):
            raise EvaluationError(f"got {non_finite(value)}, want a finite number")
        integer = value if type(value) is int else float_to_int(value)
        pay_for_text(integer)
        printer.write(str(integer) if letter == "d" else f"{integer:{letter}}")
        return
    number = to_float(value)
    if not math.isfinite(number):
        printer.write(non_finite(number))
    elif letter in "gG":
        one = Printer(_MAX_WIDTH_OF_FLOAT)
        one.repr(number)
        printer.write(one.text.upper() if letter == "G" else one.text)
    else:
        printer.write(f"{number:{letter}}")


def format_fields(pattern: str, args: tuple[Value, ...], kwargs: Mapping[str, Value]) -> str:
    """`pattern.format(*args, **kwargs)`."""
    printer = Printer(current_thread().output_budget)
    following = 0
    automatic: bool | None = None
    for match in _FIELD.finditer(pattern):
        part = match[0]
        if part == "{{" or part == "}}":
            printer.write(part[0])
            continue
        if part == "}":
            raise EvaluationError("Found '}' without matching '{'")
        if part == "{":
            if _NESTED.match(pattern, match.end()):
                raise EvaluationError("Nested replacement fields are not supported")
            raise EvaluationError("Found '{' without matching '}'")
        if part[0] != "{":
            printer.write(part)
            continue
        name = part[1:-1]
        if name == "" or _INDEX.fullmatch(name):
            if automatic is not None and automatic != (name == ""):
                raise EvaluationError("Cannot mix manual and automatic numbering of positional fields")
            automatic = name == ""
            index = following if automatic else int(name[:12])
            following += 1
            if not 0 <= index < len(args):
                raise EvaluationError(f"No replacement found for index {index}")
            printer.str(args[index])
            continue
        for character in name:
            if character in ".[],":
                raise EvaluationError(f"Invalid character '{character}' inside replacement field")
        if name not in kwargs:
            raise EvaluationError(f"Missing argument '{name}'")
        printer.str(kwargs[name])
    return printer.paid_text()
