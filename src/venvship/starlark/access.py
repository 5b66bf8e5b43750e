"""What is inside a value: elements, slices, attributes, membership."""

from __future__ import annotations

from types import NoneType

from venvship.starlark.builtin import BoundMethod, methods_of
from venvship.starlark.equality import equal
from venvship.starlark.errors import EvaluationError, did_you_mean
from venvship.starlark.host_types import MISSING, TYPES, Value, checked_value, host_type_of, type_name
from venvship.starlark.keys import key_of
from venvship.starlark.numbers import finite_index
from venvship.starlark.printer import repr_of
from venvship.starlark.sizes import SMALL, new_elements, new_text
from venvship.starlark.structs import Struct
from venvship.starlark.thread import LONG_TEXT, SEARCH_BITS, current_thread
from venvship.starlark.values import DICTS, LISTS, SETS, List, check_mutable


def contains(item: Value, container: Value) -> bool:
    """`item in container`."""
    kind = type(container)
    if kind in DICTS or kind in SETS:
        return key_of(item) in container
    if kind is str:
        if type(item) is not str:
            raise EvaluationError(f"'in <string>' requires string as left operand, not '{type_name(item)}'")
        if len(container) > SMALL:
            current_thread().use_steps(len(container) >> SEARCH_BITS)
        return item in container
    if kind in LISTS or kind is tuple:
        current_thread().use_steps(len(container))
        if type(item) is NoneType or (type(item) is str and len(item) <= LONG_TEXT):
            return item in container
        return any(equal(item, element) for element in container)
    if kind is range:
        return type(item) is int and item in container
    host_type = host_type_of(container)
    if host_type.contains is not None:
        return host_type.contains(container, item)
    if host_type.iterate is not None:
        return any(equal(item, element) for element in host_type.iterate(container))
    if host_type.binary is not None:
        found = host_type.binary("in", item, container)
        if found is not MISSING:
            return bool(found)
    raise EvaluationError(f"unsupported binary operation: {type_name(item)} in {host_type.name}")


def position_in(length: int, index: Value, what: str = "sequence index") -> int:
    """An index that is inside a sequence of `length`, counted from its start."""
    position = finite_index(index, what)
    absolute = position + length if position < 0 else position
    if not 0 <= absolute < length:
        raise EvaluationError(f"index out of range (index is {position}, but sequence has {length} elements)")
    return absolute


def get_item(value: Value, index: Value) -> Value:
    """`value[index]`."""
    kind = type(value)
    if kind in DICTS:
        try:
            return value[key_of(index)]
        except KeyError:
            raise EvaluationError(f"key {repr_of(index)} not found in dictionary") from None
    if kind in LISTS or kind is tuple or kind is str or kind is range:
        if type(index) is int:
            try:
                return value[index]
            except IndexError:
                pass
        return value[position_in(len(value), index, "string index" if kind is str else "sequence index")]
    hook = host_type_of(value).index
    if hook is None:
        raise EvaluationError(f"type '{type_name(value)}' has no operator [](" + type_name(index) + ")")
    return checked_value(hook(value, index), f"indexing a {type_name(value)}")


def get_slice(value: Value, start: Value, stop: Value, step: Value) -> Value:
    """`value[start:stop:step]`."""
    kind = type(value)
    if kind not in LISTS and kind is not tuple and kind is not str and kind is not range:
        raise EvaluationError(f"invalid slice operand: {type_name(value)}")
    stride = None if step is None else finite_index(step, "slice step")
    if stride == 0:
        raise EvaluationError("slice step cannot be zero")
    first = None if start is None else finite_index(start, "start index")
    last = None if stop is None else finite_index(stop, "stop index")
    part = slice(first, last, stride)
    if kind is str:
        if len(value) > SMALL:
            size = len(range(*part.indices(len(value))))
            new_text(size)
            if stride is not None and stride != 1:
                current_thread().use_steps(size >> SEARCH_BITS)
    elif kind is not range:
        new_elements(len(range(*part.indices(len(value)))))
    return List(value[part]) if kind in LISTS else value[part]


def set_item(item: Value, value: Value, index: Value) -> None:
    """`value[index] = item`; the item comes first because it is evaluated first."""
    kind = type(value)
    if kind in DICTS:
        check_mutable(value)
        value[key_of(index)] = item
    elif kind in LISTS:
        position = position_in(len(value), index, "list index")
        check_mutable(value)
        value[position] = item
    else:
        raise EvaluationError(f"can only assign an element in a dictionary or a list, not in a '{type_name(value)}'")


def set_attribute(_item: Value, value: Value, name: str) -> None:
    """`value.name = item`, which nothing supports."""
    if host_type_of(value).dynamic_attr is not None:
        raise EvaluationError(f"{type_name(value)} value does not support field assignment")
    raise EvaluationError(f"cannot set .{name} field of {type_name(value)} value")


def find_attribute(value: Value, name: str) -> Value:
    """`value.name`, or MISSING."""
    kind = type(value)
    if kind is Struct:
        return value.fields.get(name, MISSING)
    host_type = TYPES.get(kind) or host_type_of(value)
    getter = host_type.fields.get(name)
    if getter is not None:
        found = getter(value)
        return found if type(found) in TYPES else checked_value(found, f"{host_type.name}.{name}")
    if name in host_type.methods:
        return BoundMethod(value, methods_of(value)[name])
    if host_type.dynamic_attr is not None:
        found = host_type.dynamic_attr(value, name)
        if found is MISSING or type(found) in TYPES:
            return found
        return checked_value(found, f"{host_type.name}.{name}")
    return MISSING


def attribute_names(value: Value) -> list[str]:
    """What `dir(value)` lists."""
    host_type = host_type_of(value)
    names = {*host_type.fields, *host_type.methods}
    if host_type.dynamic_dir is not None:
        names.update(host_type.dynamic_dir(value))
    return sorted(names)


def get_attribute(value: Value, name: str) -> Value:
    """`value.name`."""
    found = find_attribute(value, name)
    if found is MISSING:
        raise EvaluationError(
            f"'{type_name(value)}' value has no field or method '{name}'{did_you_mean(name, attribute_names(value))}"
        )
    return found
