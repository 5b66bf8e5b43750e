"""The names that every program knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import NoneType

from venvship.starlark.access import attribute_names, find_attribute, get_attribute
from venvship.starlark.builtin import Builtin
from venvship.starlark.calling import invoke, is_callable
from venvship.starlark.containers import DICT, LIST, SET, set_keys, update_dict
from venvship.starlark.equality import Ordered, less
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import MISSING, TYPES, HostType, Missing, Value, host_type_of, register, type_name
from venvship.starlark.iteration import iterate, sequence
from venvship.starlark.json_module import JSON
from venvship.starlark.numbers import finite_index, float_to_int, parse_float, parse_int, to_float
from venvship.starlark.printer import Printer, repr_of, str_of
from venvship.starlark.strings import STRING
from venvship.starlark.structs import Struct
from venvship.starlark.thread import LONG_TEXT, current_thread
from venvship.starlark.values import DICTS, LISTS, SETS, Dict, List, Set

_STEPS_OF_PRINT = 100


def _abs(x: int | float, /) -> Value:
    return abs(x)


def _all(elements: Value, /) -> bool:
    return all(sequence(elements))


def _any(elements: Value, /) -> bool:
    return any(sequence(elements))


def _bool(x: Value = False, /) -> bool:
    return bool(x)


def _dict(pairs: Value = (), /, **kwargs: Value) -> Value:
    host_type = TYPES.get(type(pairs))
    if host_type is not None and host_type.as_dict is not None:
        return host_type.as_dict(pairs, kwargs)
    result = Dict()
    update_dict("dict", result, pairs, kwargs)
    return result


def _dir(x: Value, /) -> List:
    names = attribute_names(x)
    current_thread().use_steps(len(names))
    return List(names)


def _enumerate(list: Value, start: int = 0) -> List:  # noqa: A002
    return List(enumerate(sequence(list), finite_index(start, "start")))


def _fail(
    *args: Value,
    msg: Value = MISSING,
    attr: str | None = None,
    sep: str = " ",
    stack_trace: bool = True,
) -> None:
    values = args if msg is MISSING else (*args, msg)
    text = _joined(values, sep)
    raise EvaluationError(f"attribute {attr}: {text}" if attr else text)


def _float(x: Value = 0.0, /) -> float:
    if isinstance(x, str):
        return parse_float(x)
    if not isinstance(x, (int, float)):
        raise EvaluationError(_not_a_number(x))
    return to_float(x)


def _not_a_number(x: Value) -> str:
    return f"got {type_name(x)}, want string, int, float, or bool"


def _getattr(x: Value, name: str, default: Value = MISSING, /) -> Value:
    found = find_attribute(x, name)
    if found is not MISSING:
        return found
    return get_attribute(x, name) if default is MISSING else default


def _hasattr(x: Value, name: str, /) -> bool:
    return find_attribute(x, name) is not MISSING


def _hash(value: str, /) -> int:
    current_thread().use_steps(len(value))
    result = 0
    for byte in value.encode("utf-8", "surrogatepass"):
        result = (result * 31 + byte) & 0xFFFFFFFF
    return result - (1 << 32) if result >> 31 else result


def _int(x: Value, /, base: Value = MISSING) -> int:
    if isinstance(x, str):
        return parse_int(x, 10 if base is MISSING else finite_index(base, "base"))
    if base is not MISSING:
        raise EvaluationError("can't convert non-string with explicit base")
    if not isinstance(x, (int, float)):
        raise EvaluationError(_not_a_number(x))
    return float_to_int(x) if isinstance(x, float) else int(x)


def _len(x: Value, /) -> int:
    kind = type(x)
    if kind is str or kind is tuple or kind in LISTS or kind in DICTS or kind in SETS or kind is range:
        return len(x)
    length = host_type_of(x).length
    if length is None:
        raise EvaluationError(f"{type_name(x)} is not iterable")
    return length(x)


def _list(x: Iterable[Value] = (), /) -> List:
    return List(sequence(x))


def _extreme(name: str, better: Callable[[Value, Value], bool]) -> Callable[..., object]:
    def choose(*args: Value, key: Callable[..., Value] | None = None) -> Value:
        rank: Callable[[Value], Value] = (lambda value: value) if key is None else partial(invoke, key)
        best = best_rank = MISSING
        # Locked as a loop would lock it: the key function may not change what is looked through.
        for candidate in iterate(args[0] if len(args) == 1 else args, 3):
            its_rank = rank(candidate)
            if best is MISSING or better(its_rank, best_rank):
                best, best_rank = candidate, its_rank
        if best is MISSING:
            raise EvaluationError("expected at least one item")
        return best

    choose.__name__ = name
    return choose


def _print(*args: Value, sep: str = " ") -> None:
    thread = current_thread()
    text = _joined(args, sep)
    thread.use_steps(_STEPS_OF_PRINT)
    thread.use_memory(len(text))
    if thread.print_handler is not None:
        thread.print_handler(text, thread.caller_place())


def _joined(values: Iterable[Value], separator: str) -> str:
    printer = Printer(current_thread().output_budget)
    first = True
    for value in values:
        if not first:
            printer.write(separator)
        first = False
        printer.str(value)
    return printer.paid_text()


def _range(start_or_stop: int, stop: int | Missing = MISSING, step: int = 1, /) -> range:
    if isinstance(stop, Missing):
        start, end = 0, finite_index(start_or_stop, "stop")
    else:
        start, end = finite_index(start_or_stop, "start"), finite_index(stop, "stop")
    if step == 0:
        raise EvaluationError("step cannot be 0")
    return range(start, end, finite_index(step, "step"))


def _repr(x: Value, /) -> str:
    return repr_of(x)


def _reversed(sequence: Iterable[Value], /) -> List:
    return List(_list(sequence)[::-1])


def _set(x: Iterable[Value] = (), /) -> Set:
    return Set(set_keys(x))


def _sorted(iterable: Iterable[Value], /, *, key: Value = None, reverse: bool = False) -> List:
    values = sequence(iterable)
    count = len(values)
    current_thread().use_steps(4 * count)
    if key is None:
        kinds = set(map(type, values))
        if kinds <= {int} or (kinds <= {str} and max(map(len, values)) <= LONG_TEXT):
            return List(sorted(values, reverse=reverse))
        current_thread().use_steps(3 * count * count.bit_length())
        return List(sorted(values, key=Ordered, reverse=reverse))
    if not is_callable(key):
        raise EvaluationError(f"for key, got {type_name(key)}, want callable")
    current_thread().use_steps(3 * count * count.bit_length())
    return List(sorted(values, key=lambda value: Ordered(invoke(key, value)), reverse=reverse))


def _str(x: Value, /) -> str:
    return str_of(x)


def _struct(**kwargs: Value) -> Struct:
    return Struct(kwargs)


def _tuple(x: Iterable[Value] = (), /) -> tuple[Value, ...]:
    return tuple(sequence(x))


def _type(x: Value, /) -> str:
    return type_name(x)


def _zip(*args: Value) -> List:
    columns = [sequence(column) for column in args]
    return List(zip(*columns, strict=False))


_FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "abs": _abs,
    "all": _all,
    "any": _any,
    "bool": _bool,
    "dict": _dict,
    "dir": _dir,
    "enumerate": _enumerate,
    "fail": _fail,
    "float": _float,
    "getattr": _getattr,
    "hasattr": _hasattr,
    "hash": _hash,
    "int": _int,
    "len": _len,
    "list": _list,
    "max": _extreme("max", lambda left, right: less(right, left)),
    "min": _extreme("min", lambda left, right: less(left, right, mirrored=True)),
    "print": _print,
    "range": _range,
    "repr": _repr,
    "reversed": _reversed,
    "set": _set,
    "sorted": _sorted,
    "str": _str,
    "struct": _struct,
    "tuple": _tuple,
    "type": _type,
    "zip": _zip,
}
UNIVERSE: Mapping[str, Value] = {
    "None": None,
    "True": True,
    "False": False,
    "json": JSON,
    **{name: Builtin(name, function) for name, function in _FUNCTIONS.items()},
}

register(str, STRING)
register(int, HostType(name="int", hashable=True))
register(bool, HostType(name="bool", hashable=True))
register(float, HostType(name="float", hashable=True))
register(NoneType, HostType(name="NoneType", hashable=True))
register(tuple, HostType(name="tuple", hashable=True))
register(range, HostType(name="range"))
for _classes, _host_type in ((LISTS, LIST), (DICTS, DICT), (SETS, SET)):
    for _class in _classes:
        register(_class, _host_type)
