"""Iterating over values: what a loop may range over, its steps, and the lock on what it ranges over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias

from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value, host_type_of, type_name
from venvship.starlark.keys import value_of
from venvship.starlark.sizes import new_elements
from venvship.starlark.thread import CURRENT, current_thread
from venvship.starlark.values import DICTS, LISTS, LOCKED, SETS

_CHUNK = 1024
_FIRST_CHUNK = 16
_STEPS_TO_BEGIN = 8

Shape: TypeAlias = "tuple[Shape | None, ...]"
"""The targets of an unpacking assignment: None for a name, a tuple for nested targets."""


def elements(value: Value) -> Iterable[Value]:
    """What iterating gives, without lock; for built-ins that don't call back while they iterate."""
    kind = type(value)
    if kind is tuple or kind in LISTS or kind is range:
        return value  # type: ignore[no-any-return]
    if kind in DICTS or kind in SETS:
        return [value_of(key) for key in value]
    iterate = host_type_of(value).iterate
    if iterate is None:
        raise EvaluationError(f"type '{type_name(value)}' is not iterable")
    return iterate(value)


def is_iterable(value: Value) -> bool:
    """Whether `elements` takes a value."""
    kind = type(value)
    if kind is tuple or kind in LISTS or kind is range or kind in DICTS or kind in SETS:
        return True
    return host_type_of(value).iterate is not None


def sequence(value: Value) -> list[Value]:
    """All elements, paid for."""
    found = elements(value)
    if not isinstance(found, (list, tuple, range)):
        found = list(found)
    current_thread().use_steps(1 + len(found))
    new_elements(len(found))
    return list(found)


def iterate(value: Value, steps: int = 1) -> Iterable[Value]:
    """What a `for` ranges over, each of whose turns costs some `steps`."""
    kind = type(value)
    if kind is tuple or kind is range:
        cost = steps * len(value)
        if cost <= _CHUNK:
            CURRENT.thread.use_steps(1 + cost)  # type: ignore[union-attr]
            return value  # type: ignore[no-any-return]
    locked = LOCKED.get(kind)
    if locked is not None:
        return _locked(value, kind, locked, steps)
    return _paid(elements(value), steps)


def _paid(values: Iterable[Value], steps: int) -> Iterator[Value]:
    """The elements, paid for piece by piece, because a loop may end early."""
    thread = current_thread()
    thread.use_steps(_STEPS_TO_BEGIN)
    source = iter(values)
    size = _FIRST_CHUNK
    while chunk := list(islice(source, size)):
        thread.use_steps(steps * len(chunk))
        yield from chunk
        size = min(2 * size, _CHUNK)


def _locked(value: Value, kind: type, locked: type, steps: int) -> Iterator[Value]:
    value.__class__ = locked
    try:
        yield from _paid(elements(value), steps)
    finally:
        if type(value) is locked:
            value.__class__ = kind


def iterate_unpacking(value: Value, shape: Shape, steps: int = 1) -> Iterator[Value]:
    """What a `for` with several targets ranges over, each of whose turns costs some `steps`."""
    for element in iterate(value, steps):
        yield unpack(element, shape)


def unpack(value: Value, shape: Shape) -> tuple[Value, ...]:
    """The elements of `value`, one for each target."""
    kind = type(value)
    if kind is not tuple and kind not in LISTS:
        if kind is not range and kind not in DICTS and kind not in SETS and host_type_of(value).iterate is None:
            raise EvaluationError(
                f"got '{type_name(value)}' in sequence assignment (want {len(shape)}-element sequence)"
            )
        value = list(islice(iter(elements(value)), len(shape) + 1))
    if len(value) != len(shape):
        problem = "too many" if len(value) > len(shape) else "too few"
        raise EvaluationError(f"{problem} values to unpack (got {len(value)}, want {len(shape)})")
    return tuple([part if inner is None else unpack(part, inner) for part, inner in zip(value, shape, strict=True)])
