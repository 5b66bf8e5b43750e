"""`select()` as a value of the language: a choice that stays open while files are evaluated."""

from __future__ import annotations

from venvship.dataclass import dataclass
from venvship.model.label import Label
from venvship.starlark.builtin import builtin
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import MISSING, HostType, Value, register, type_name
from venvship.starlark.printer import Printer
from venvship.starlark.thread import current_thread
from venvship.starlark.values import DICTS, LISTS, Dict, List

_STEPS_OF_JOIN = 20
MAX_PARTS = 10_000
"""Nobody joins as many choices by hand."""


@dataclass(frozen=True, slots=True, eq=False)
class SelectChoice:
    """The argument of one `select()`."""

    branches: Dict
    no_match_error: str


@dataclass(frozen=True, slots=True, eq=False)
class SelectExpression:
    """Choices and plain values, joined by `+` or `|`."""

    parts: tuple[Value, ...]
    operator: str = "+"


@builtin("select")
def make_select(x: Dict, no_match_error: str = "") -> SelectExpression:
    """A choice between values by conditions that are not known yet."""
    if not x:
        raise EvaluationError("select({}) with an empty dictionary can never resolve because it includes no conditions")
    kinds = set()
    for condition, value in entries(x):
        if not isinstance(condition, str | Label):
            raise EvaluationError(f"select: got {type_name(condition)} for dict key, want a Label or label string")
        if value is not None:
            kinds.add(_family(value))
    if len(kinds) > 1:
        raise EvaluationError(f"'select' values must be of one type, not {' and '.join(sorted(kinds))}")
    return SelectExpression((SelectChoice(Dict(x), no_match_error),))


def _family(value: Value) -> str:
    # A label attribute takes texts and labels side by side.
    return (
        "string" if isinstance(value, Label) else "select" if isinstance(value, SelectExpression) else type_name(value)
    )


def kind_of(value: Value) -> str:
    """The type of a value, and of a `select()` that of what it chooses from; labels count as text."""
    return _kind(value) or "NoneType" if isinstance(value, SelectExpression) else _family(value)


def _kind(expression: SelectExpression) -> str | None:
    for part in expression.parts:
        values = [value for _, value in entries(part.branches)] if isinstance(part, SelectChoice) else [part]
        for value in values:
            if value is not None:
                return _family(value)
    return None


def _binary(operator: str, left: Value, right: Value) -> object:
    if operator not in ("+", "|"):
        return MISSING
    kinds = [_kind(side) if isinstance(side, SelectExpression) else _family(side) for side in (left, right)]
    known = [kind for kind in kinds if kind is not None]
    if any(kind not in (("list", "string", "int", "tuple") if operator == "+" else ("dict",)) for kind in known):
        raise EvaluationError(f"'{operator}' operator applied to incompatible types ({_names(left, right)})")
    if len(set(known)) > 1:
        raise EvaluationError(f"'{operator}' operator applied to incompatible types ({_names(left, right)})")
    parts = tuple(part for side in (left, right) for part in _parts(side))
    if len(parts) > MAX_PARTS:
        raise EvaluationError(f"more than {MAX_PARTS} values are joined to a select")
    current_thread().use_steps(_STEPS_OF_JOIN + len(parts))
    return SelectExpression(parts, operator)


def _names(left: Value, right: Value) -> str:
    def name(side: Value) -> str:
        if not isinstance(side, SelectExpression):
            return type_name(side)
        return f"select of {_kind(side) or 'None'}"

    return f"{name(left)}, {name(right)}"


def _parts(side: Value) -> tuple[Value, ...]:
    return side.parts if isinstance(side, SelectExpression) else (_copied(side),)


def _copied(value: Value) -> Value:
    """The value as it is now: a list that grows later does not grow in here."""
    if type(value) in LISTS:
        return List(value)
    return Dict(value) if type(value) in DICTS else value


def _repr(expression: SelectExpression, printer: Printer) -> None:
    for position, part in enumerate(expression.parts):
        if position:
            printer.write(f" {expression.operator} ")
        printer.repr(part)


def _choice_repr(choice: SelectChoice, printer: Printer) -> None:
    printer.write("select(")
    printer.repr(choice.branches)
    if choice.no_match_error:
        printer.write(", no_match_error = ")
        printer.repr(choice.no_match_error)
    printer.write(")")


register(SelectExpression, HostType(name="select", binary=_binary, repr=_repr))
register(SelectChoice, HostType(name="select", repr=_choice_repr))
