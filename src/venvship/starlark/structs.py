"""The struct: named fields that never change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from venvship.starlark.equality import equal
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import MISSING, HostType, Value, register
from venvship.starlark.keys import Unhashable, hash_of
from venvship.starlark.printer import Printer
from venvship.starlark.thread import current_thread


class Struct:
    """What `struct(...)` makes."""

    __slots__ = ("_hash", "fields")

    def __init__(self, fields: Mapping[str, Value]) -> None:
        self.fields: dict[str, Value] = dict(fields)
        self._hash: int | None = None

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and equal_fields(self, other)

    def __hash__(self) -> int:
        # Kept: structs may hold each other, and be reached on very many ways.
        if self._hash is None:
            try:
                hashes = [(name, hash_of(value)) for name, value in sorted(self.fields.items())]
            except Unhashable:
                raise Unhashable("struct") from None
            self._hash = hash(tuple(hashes))
        return self._hash

    def __repr__(self) -> str:
        return f"Struct({', '.join(sorted(self.fields))})"


def equal_fields(left: Struct, right: Struct) -> bool:
    """Whether the same names hold equal values."""
    ours, theirs = left.fields, right.fields
    current_thread().use_steps(8 * len(ours) + 1)
    return ours.keys() == theirs.keys() and all(equal(value, theirs[name]) for name, value in ours.items())


def print_fields(printer: Printer, noun: str, fields: Mapping[str, Value]) -> None:
    """`noun(name = value, ...)` in order of names."""
    printer.write(f"{noun}(")
    for position, name in enumerate(sorted(fields)):
        printer.write(f", {name} = " if position else f"{name} = ")
        printer.repr(fields[name])
    printer.write(")")


def _binary(operator: str, left: Value, right: Value) -> object:
    if operator != "+" or type(left) is not Struct or type(right) is not Struct:
        return MISSING
    current_thread().use_steps((len(left.fields) + len(right.fields)) >> 1)
    common = sorted(left.fields.keys() & right.fields.keys())
    if common:
        raise EvaluationError(f"cannot add struct instances with common field '{common[0]}'")
    return Struct({**left.fields, **right.fields})


def _attribute(value: Struct, name: str) -> object:
    return value.fields.get(name, MISSING)


def _names(value: Struct) -> Iterable[str]:
    return value.fields


def _repr(value: Struct, printer: Printer) -> None:
    print_fields(printer, "struct", value.fields)


def _children(value: Struct) -> Iterable[Value]:
    return value.fields.values()


STRUCT = HostType(
    name="struct",
    dynamic_attr=_attribute,
    dynamic_dir=_names,
    binary=_binary,
    equal=equal_fields,
    hashable=True,
    repr=_repr,
    children=_children,
)
register(Struct, STRUCT)
