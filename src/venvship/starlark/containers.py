"""Methods of lists, dictionaries and sets."""

from __future__ import annotations

import sys
from collections.abc import Callable

from venvship.starlark.access import position_in
from venvship.starlark.equality import equal
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import MISSING, HostType, Value, type_name
from venvship.starlark.iteration import is_iterable, sequence
from venvship.starlark.keys import key_of, value_of
from venvship.starlark.numbers import finite_index
from venvship.starlark.printer import repr_of
from venvship.starlark.sizes import more_elements, new_elements
from venvship.starlark.thread import current_thread
from venvship.starlark.values import (
    DICTS,
    SETS,
    Dict,
    List,
    Set,
    check_mutable,
)

_LONG = 128
"""Elements that are moved in the time of one step."""

_TABLE_BITS = 12
"""Passing over 2 ** 12 bytes of a dictionary's table counts as one step."""


def _list_append(values: List, item: Value, /) -> None:
    check_mutable(values)
    values.append(item)


def _list_clear(values: List, /) -> None:
    check_mutable(values)
    values.clear()


def _list_extend(values: List, items: Value, /) -> None:
    check_mutable(values)
    added = sequence(items)
    more_elements(len(values), len(added))
    values.extend(added)


def _list_index(values: List, x: Value, start: int | None = None, end: int | None = None, /) -> int:
    window = slice(
        None if start is None else finite_index(start, "start"), None if end is None else finite_index(end, "end")
    )
    positions = range(*window.indices(len(values)))
    current_thread().use_steps(len(positions))
    for position in positions:
        if equal(values[position], x):
            return position
    raise EvaluationError(f"item {repr_of(x)} not found in list")


def _pay_for_moving(values: List) -> None:
    """Elements of long lists are moved to make or fill a gap."""
    if len(values) >= _LONG:
        current_thread().use_steps(len(values) // _LONG)


def _list_insert(values: List, index: int, item: Value, /) -> None:
    check_mutable(values)
    _pay_for_moving(values)
    values.insert(finite_index(index, "index"), item)


def _list_pop(values: List, i: int | None = -1, /) -> Value:
    position = position_in(len(values), -1 if i is None else i)
    check_mutable(values)
    _pay_for_moving(values)
    return values.pop(position)


def _list_remove(values: List, x: Value, /) -> None:
    current_thread().use_steps(len(values))
    for position, element in enumerate(values):
        if equal(element, x):
            check_mutable(values)
            del values[position]
            return
    raise EvaluationError(f"item {repr_of(x)} not found in list")


LIST = HostType(
    name="list",
    methods={
        "append": _list_append,
        "clear": _list_clear,
        "extend": _list_extend,
        "index": _list_index,
        "insert": _list_insert,
        "pop": _list_pop,
        "remove": _list_remove,
    },
)


def entries(values: Dict) -> list[tuple[Value, Value]]:
    """The keys and values of a dictionary, in order of insertion."""
    return [(value_of(key), value) for key, value in values.items()]


def update_dict(function: str, target: Dict, pairs: Value, kwargs: dict[str, Value]) -> None:
    """What `dict(...)` and `d.update(...)` do with their arguments."""
    present = len(target)
    if type(pairs) in DICTS:
        current_thread().use_steps(len(pairs) >> 1)
        target.update(pairs)
    else:
        if not is_iterable(pairs):
            raise EvaluationError(f"in {function}, got {type_name(pairs)}, want iterable")
        for position, entry in enumerate(sequence(pairs)):
            if not is_iterable(entry):
                raise EvaluationError(
                    f"in {function}, dictionary update sequence element #{position} is not iterable "
                    f"({type_name(entry)})"
                )
            pair = sequence(entry)
            if len(pair) != 2:
                raise EvaluationError(
                    f"in {function}, item #{position} has length {len(pair)}, but exactly two elements are required"
                )
            target[key_of(pair[0])] = pair[1]
    target.update(kwargs)
    more_elements(present, len(target) - present)


def _dict_clear(values: Dict, /) -> None:
    check_mutable(values)
    values.clear()


def _dict_get(values: Dict, /, key: Value, default: Value = None) -> Value:
    return values.get(key_of(key), default)


def _dict_items(values: Dict, /) -> List:
    current_thread().use_steps(len(values))
    return List(entries(values))


def _dict_keys(values: Dict, /) -> List:
    current_thread().use_steps(len(values))
    return List(map(value_of, values))


def _dict_pop(values: Dict, key: Value, /, default: Value = MISSING) -> Value:
    check_mutable(values)
    found = values.pop(key_of(key), default)
    if found is MISSING:
        raise EvaluationError(f"KeyError: {repr_of(key)}")
    return found


def _first_key(values: Dict | Set) -> object:
    """Python looks for it from the start of its table, where removed entries leave gaps."""
    current_thread().use_steps(sys.getsizeof(values) >> _TABLE_BITS)
    return next(iter(values))


def _dict_popitem(values: Dict, /) -> tuple[Value, Value]:
    check_mutable(values)
    if not values:
        raise EvaluationError("popitem: empty dictionary")
    key = _first_key(values)
    return value_of(key), values.pop(key)


def _dict_setdefault(values: Dict, key: Value, /, default: Value = None) -> Value:
    check_mutable(values)
    return values.setdefault(key_of(key), default)


def _dict_update(values: Dict, pairs: Value = (), /, **kwargs: Value) -> None:
    check_mutable(values)
    update_dict("update", values, pairs, kwargs)


def _dict_values(values: Dict, /) -> List:
    current_thread().use_steps(len(values))
    return List(values.values())


DICT = HostType(
    name="dict",
    methods={
        "clear": _dict_clear,
        "get": _dict_get,
        "items": _dict_items,
        "keys": _dict_keys,
        "pop": _dict_pop,
        "popitem": _dict_popitem,
        "setdefault": _dict_setdefault,
        "update": _dict_update,
        "values": _dict_values,
    },
)


def set_keys(value: Value) -> dict[object, None]:
    """The elements of any iterable as a set stores them."""
    if type(value) in SETS:
        current_thread().use_steps(len(value))
        return dict.fromkeys(value)
    return dict.fromkeys([key_of(element) for element in sequence(value)])


def _set_add(values: Set, element: Value, /) -> None:
    check_mutable(values)
    values[key_of(element)] = None


def _set_clear(values: Set, /) -> None:
    check_mutable(values)
    values.clear()


def _set_discard(values: Set, element: Value, /) -> None:
    check_mutable(values)
    values.pop(key_of(element), None)


def _set_pop(values: Set, /) -> Value:
    check_mutable(values)
    if not values:
        raise EvaluationError("set is empty")
    key = _first_key(values)
    del values[key]
    return value_of(key)


def _set_remove(values: Set, element: Value, /) -> None:
    check_mutable(values)
    key = key_of(element)
    if key not in values:
        raise EvaluationError(f"element {repr_of(element)} not found in set")
    del values[key]


def _union(values: Set, *others: Value) -> Set:
    current_thread().use_steps(len(values))
    result = Set(values)
    for other in others:
        result.update(set_keys(other))
    new_elements(len(result))
    return result


def _intersection(values: Set, *others: Value) -> Set:
    current_thread().use_steps(len(values))
    kept = dict.fromkeys(values)
    for other in others:
        theirs = set_keys(other)
        kept = {key: None for key in kept if key in theirs}
    return Set(kept)


def _difference(values: Set, *others: Value) -> Set:
    current_thread().use_steps(len(values))
    kept = dict.fromkeys(values)
    for other in others:
        theirs = set_keys(other)
        kept = {key: None for key in kept if key not in theirs}
    return Set(kept)


def _symmetric_difference(values: Set, other: Value, /) -> Set:
    current_thread().use_steps(len(values))
    theirs = set_keys(other)
    result = Set((key, None) for key in values if key not in theirs)
    result.update((key, None) for key in theirs if key not in values)
    return result


def _updating(operation: Callable[..., Set]) -> Callable[..., object]:
    def update(values: Set, /, *others: Value) -> None:
        check_mutable(values)
        result = operation(values, *others)
        values.clear()
        values.update(result)

    return update


def _isdisjoint(values: Set, other: Value, /) -> bool:
    return not any(key in values for key in set_keys(other))


def _issubset(values: Set, other: Value, /) -> bool:
    theirs = set_keys(other)
    current_thread().use_steps(len(values))
    return all(key in theirs for key in values)


def _issuperset(values: Set, other: Value, /) -> bool:
    return all(key in values for key in set_keys(other))


def _symmetric_difference_update(values: Set, other: Value, /) -> None:
    check_mutable(values)
    result = _symmetric_difference(values, other)
    values.clear()
    values.update(result)


SET = HostType(
    name="set",
    methods={
        "add": _set_add,
        "clear": _set_clear,
        "difference": _difference,
        "difference_update": _updating(_difference),
        "discard": _set_discard,
        "intersection": _intersection,
        "intersection_update": _updating(_intersection),
        "isdisjoint": _isdisjoint,
        "issubset": _issubset,
        "issuperset": _issuperset,
        "pop": _set_pop,
        "remove": _set_remove,
        "symmetric_difference": _symmetric_difference,
        "symmetric_difference_update": _symmetric_difference_update,
        "union": _union,
        "update": _updating(_union),
    },
)
