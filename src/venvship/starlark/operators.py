"""The operators, as functions that compiled programs call."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, NoneType

from venvship.starlark.builtin import METHODS, BoundMethod, Builtin, methods_of
from venvship.starlark.call_problems import call_problem
from venvship.starlark.equality import equal, less
from venvship.starlark.errors import EvaluationError, did_you_mean
from venvship.starlark.formatting import format_percent
from venvship.starlark.host_types import MISSING, TYPES, Value, checked_value, host_type_of, type_name
from venvship.starlark.iteration import elements
from venvship.starlark.keys import key_of, value_of
from venvship.starlark.numbers import SMALL_INT, checked_int, finite_index, to_float
from venvship.starlark.printer import repr_of
from venvship.starlark.structs import Struct
from venvship.starlark.thread import LONG_TEXT, STEP_BITS, current_thread
from venvship.starlark.values import DICTS, LISTS, SETS, Dict, List, Set, check_mutable

MAX_ELEMENTS = 1 << 22
MAX_CHARACTERS = 1 << 24

_SMALL = 256
"""Results up to this size are not accounted for: the step budget bounds their number."""

_NUMBERS = frozenset([int, float])


def grow(size: int, limit: int) -> None:
    """Pay for a value of `size` characters or elements before it is made."""
    if size > _SMALL:
        if size > limit:
            raise EvaluationError(f"a value of {size} elements is too large, the limit is {limit}")
        current_thread().use_memory(size)


def _refuse(operator: str, left: Value, right: Value) -> Value:
    for side in (left, right):
        hook = host_type_of(side).binary
        if hook is not None:
            result = hook(operator, left, right)
            if result is not MISSING:
                return checked_value(result, f"the operator {operator}")
    raise EvaluationError(f"unsupported binary operation: {type_name(left)} {operator} {type_name(right)}")


def add(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is int and other is int:
        result = left + right
        return result if -SMALL_INT < result < SMALL_INT else checked_int(result)
    if kind is str and other is str:
        size = len(left) + len(right)
        if size > _SMALL:
            grow(size, MAX_CHARACTERS)
        return left + right
    if kind in LISTS and other in LISTS:
        grow(len(left) + len(right), MAX_ELEMENTS)
        return List(left + right)
    if kind is tuple and other is tuple:
        grow(len(left) + len(right), MAX_ELEMENTS)
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
        return Set((key, None) for key in left if key not in right)
    return _refuse("-", left, right)


def multiply(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is int:
        if other is int:
            return checked_int(left * right)
        if other is str or other is tuple or other in LISTS:
            return _repeat(right, left)
    elif other is int and (kind is str or kind is tuple or kind in LISTS):
        return _repeat(left, right)
    if kind in _NUMBERS and other in _NUMBERS:
        return to_float(left) * to_float(right)
    return _refuse("*", left, right)


def _repeat(value: Value, count: int) -> Value:
    count = max(count, 0)
    grow(len(value) * count, MAX_CHARACTERS if type(value) is str else MAX_ELEMENTS)
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
            return left // right
        return to_float(left) // to_float(right)
    return _refuse("//", left, right)


def modulo(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is str:
        return format_percent(left, right)
    if kind is int and other is int and right != 0:
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
        return Set((key, None) for key in left if key in right)
    return _refuse("&", left, right)


def bit_or(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return left | right
    if (kind in DICTS and other in DICTS) or (kind in SETS and other in SETS):
        grow(len(left) + len(right), MAX_ELEMENTS)
        result = Dict(left) if kind in DICTS else Set(left)
        result.update(right)
        return result
    return _refuse("|", left, right)


def bit_xor(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return left ^ right
    if kind in SETS and other in SETS:
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
    return less(right, left)


def less_or_equal(left: Value, right: Value) -> bool:
    if type(left) in SETS and type(right) in SETS:
        return bool(left.keys() <= right.keys())
    return not less(right, left)


def greater_or_equal(left: Value, right: Value) -> bool:
    return less_or_equal(right, left)


def contains(item: Value, container: Value) -> bool:
    """`item in container`."""
    kind = type(container)
    if kind in DICTS or kind in SETS:
        return key_of(item) in container
    if kind is str:
        if type(item) is not str:
            raise EvaluationError(f"'in <string>' requires string as left operand, not '{type_name(item)}'")
        if len(container) > LONG_TEXT:
            current_thread().use_steps(len(container) >> STEP_BITS)
        return item in container
    if kind in LISTS or kind is tuple:
        if type(item) is str or type(item) is NoneType:
            return item in container
        current_thread().use_steps(len(container))
        return any(equal(item, element) for element in container)
    if kind is range:
        return type(item) is int and item in container
    host_type = host_type_of(container)
    if host_type.contains is not None:
        return host_type.contains(container, item)
    if host_type.iterate is not None:
        return any(equal(item, element) for element in host_type.iterate(container))
    hook = host_type.binary
    raise EvaluationError(
        f"unsupported binary operation: {type_name(item)} in {type_name(container)}"
        if hook is None
        else f"unsupported binary operation: {type_name(item)} in {host_type.name}"
    )


def position_in(length: int, index: Value) -> int:
    """An index that is inside a sequence of `length`, counted from its start."""
    position = finite_index(index, "sequence index")
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
        return value[position_in(len(value), index)]
    hook = host_type_of(value).index
    if hook is None:
        raise EvaluationError(f"type '{type_name(value)}' has no operator [](" + type_name(index) + ")")
    return checked_value(hook(value, index), f"indexing a {type_name(value)}")


def get_slice(value: Value, start: Value, stop: Value, step: Value) -> Value:
    """`value[start:stop:step]`."""
    kind = type(value)
    if kind not in LISTS and kind is not tuple and kind is not str and kind is not range:
        raise EvaluationError(f"invalid slice operand: {type_name(value)}")
    bounds = []
    for bound, what in ((start, "start"), (stop, "stop"), (step, "step")):
        bounds.append(None if bound is None else finite_index(bound, f"{what} index" if what != "step" else "step"))
    if bounds[2] == 0:
        raise EvaluationError("slice step cannot be zero")
    part = slice(*bounds)
    if len(value) > _SMALL and kind is not range:
        grow(len(range(*part.indices(len(value)))), MAX_CHARACTERS)
    return List(value[part]) if kind in LISTS else value[part]


def set_item(item: Value, value: Value, index: Value) -> None:
    """`value[index] = item`; the item comes first because it is evaluated first."""
    kind = type(value)
    if kind in DICTS:
        check_mutable(value)
        value[key_of(index)] = item
    elif kind in LISTS:
        position = position_in(len(value), index)
        check_mutable(value)
        value[position] = item
    else:
        raise EvaluationError(f"can only assign an element in a dictionary or a list, not in a '{type_name(value)}'")


def set_attribute(_item: Value, value: Value, _name: str) -> None:
    """`value.name = item`, which nothing supports."""
    raise EvaluationError(f"{type_name(value)} value does not support field assignment")


def find_attribute(value: Value, name: str) -> Value:
    """`value.name`, or MISSING."""
    kind = type(value)
    if kind is Struct:
        return value.fields.get(name, MISSING)
    host_type = TYPES.get(kind) or host_type_of(value)
    getter = host_type.fields.get(name)
    if getter is not None:
        return checked_value(getter(value), f"{host_type.name}.{name}")
    if name in host_type.methods:
        return BoundMethod(value, methods_of(value)[name])
    if host_type.dynamic_attr is not None:
        found = host_type.dynamic_attr(value, name)
        return found if found is MISSING else checked_value(found, f"{host_type.name}.{name}")
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


def call_method(value: Value, name: str, /, *args: Value, **kwargs: Value) -> Value:
    """`value.name(...)`, without making the bound method."""
    methods = METHODS.get(type(value)) or methods_of(value)
    method = methods.get(name)
    if method is not None:
        if type(value) is str and len(value) > LONG_TEXT:
            return _call_on_long_text(method, value, args, kwargs)
        return method(value, *args, **kwargs)
    return invoke(get_attribute(value, name), *args, **kwargs)


def _call_on_long_text(method: Builtin, value: str, args: tuple[Value, ...], kwargs: dict[str, Value]) -> Value:
    """Searching or copying a long text takes as long as many steps of a program."""
    thread = current_thread()
    thread.use_steps(len(value) >> STEP_BITS)
    result = method(value, *args, **kwargs)
    if type(result) is str:
        thread.use_memory(len(result))
    return result


def callable_of(value: Value) -> Callable[..., Value]:
    """What Python calls for `value(...)`."""
    kind = type(value)
    if kind is FunctionType or kind is Builtin or kind is BoundMethod:
        return value  # type: ignore[no-any-return]
    hook = host_type_of(value).call
    if hook is None:
        raise EvaluationError(f"'{type_name(value)}' object is not callable")
    return BoundMethod(value, Builtin(host_type_of(value).name, hook, method_of=host_type_of(value).name))


def invoke(function: Value, /, *args: Value, **kwargs: Value) -> Value:
    """`function(...)`, called from here instead of from a program."""
    target = callable_of(function)
    try:
        return target(*args, **kwargs)
    except TypeError as error:
        # Nothing below this frame was entered: the arguments don't fit.
        if error.__traceback__ is not None and error.__traceback__.tb_next is None:
            raise EvaluationError(call_problem(str(error))) from None
        raise


def positional_arguments(value: Value) -> Value:
    """The elements of `*value` in a call."""
    if type(value) is tuple or type(value) in LISTS:
        return value
    if type(value) is str or (host_type_of(value).iterate is None and type(value) not in DICTS | SETS | {range}):
        raise EvaluationError(f"argument after * must be an iterable, not {type_name(value)}")
    return list(elements(value))


def named_arguments(value: Value) -> dict[str, Value]:
    """The entries of `**value` in a call."""
    if type(value) not in DICTS:
        raise EvaluationError(f"argument after ** must be a dict, not {type_name(value)}")
    for key in value:
        if type(key) is not str:
            raise EvaluationError(f"keywords must be strings, not {type_name(value_of(key))}")
    return dict(value)


def call_in_order(
    function: Value, args: list[Value], kwargs: dict[str, Value], more: Value, more_named: Value
) -> Value:
    """A call with `*more` and `**more_named`, which the language evaluates after the other arguments."""
    extra = positional_arguments(more)
    named = named_arguments(more_named)
    for name in named:
        if name in kwargs:
            raise EvaluationError(f"got multiple values for parameter '{name}'")
    return invoke(function, *args, *extra, **kwargs, **named)


def make_dict(*keys_and_values: Value) -> Dict:
    """A dictionary display; a repeated key is an error."""
    result = Dict()
    entries = iter(keys_and_values)
    for key in entries:
        stored = key_of(key)
        if stored in result:
            raise EvaluationError(f"dictionary expression has duplicate key: {repr_of(key)}")
        result[stored] = next(entries)
    return result


def comprehend_dict(entries: list[tuple[Value, Value]]) -> Dict:
    """A dictionary comprehension; of a repeated key the last value stays."""
    return Dict([(key_of(key), value) for key, value in entries])


def in_place(operator: str) -> Callable[[Value, Value], Value]:
    """`left op= right`: changes lists, dictionaries and sets, computes a new value of others."""
    plain = BINARY[operator]

    def add_in_place(left: Value, right: Value) -> Value:
        if type(left) in LISTS:
            if type(right) not in LISTS:
                return _refuse("+", left, right)
            check_mutable(left)
            grow(len(left) + len(right), MAX_ELEMENTS)
            left.extend(right)
            return left
        return plain(left, right)

    def update_in_place(left: Value, right: Value) -> Value:
        kind, other = type(left), type(right)
        if (kind in DICTS and other in DICTS) or (kind in SETS and other in SETS):
            check_mutable(left)
            if operator == "|":
                grow(len(left) + len(right), MAX_ELEMENTS)
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
