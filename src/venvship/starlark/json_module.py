"""The `json` module of the language."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable

from venvship.starlark.access import attribute_names, get_attribute
from venvship.starlark.errors import EvaluationError
from venvship.starlark.floats import format_shortest, non_finite
from venvship.starlark.host_types import MISSING, HostType, Value, host_type_of, register, type_name
from venvship.starlark.keys import key_of, value_of
from venvship.starlark.numbers import MAX_BITS, checked_int
from venvship.starlark.printer import Printer
from venvship.starlark.sizes import new_elements
from venvship.starlark.structs import Struct
from venvship.starlark.thread import current_thread
from venvship.starlark.values import DICTS, LISTS, Dict, List

_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_DEPTH = 300
_MAX_STEPS_TOLD = 5
_TOKEN = re.compile(r'\s+|"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+|.', re.DOTALL)


class JsonModule:
    """The value of the name `json`."""

    __slots__ = ()


JSON = JsonModule()


def _encode(_module: JsonModule, x: Value, /) -> str:
    printer = Printer(current_thread().output_budget)
    _write(printer, x, 0)
    return printer.text


class _Unencodable(EvaluationError):
    """A value that JSON can't say, somewhere inside the one to encode."""

    def inside(self, where: str, depth: int) -> _Unencodable:
        """The same, seen from further out; only the outermost steps are told."""
        return _Unencodable(f"{where}: {self.message}") if depth < _MAX_STEPS_TOLD else self


def _write(printer: Printer, value: Value, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise EvaluationError("nesting depth limit exceeded")
    kind = type(value)
    if value is None:
        printer.write("null")
    elif kind is bool:
        printer.write("true" if value else "false")
    elif kind is int:
        printer.write(str(value))
    elif kind is float:
        if not math.isfinite(value):
            raise _Unencodable(f"cannot encode non-finite float {non_finite(value)}")
        printer.write(format_shortest(value))
    elif kind is str:
        printer.write(_quote(value))
    elif kind in LISTS or kind is tuple or kind is range:
        _write_array(printer, value, depth)
    elif kind in DICTS:
        for key in value:
            if type(key) is not str:
                raise _Unencodable(f"dict has {type_name(value_of(key))} key, want string")
        _write_object(printer, sorted(value), value.__getitem__, "dict key", depth)
    elif kind is Struct or _has_fields(value):
        _write_object(printer, attribute_names(value), lambda name: get_attribute(value, name), "field", depth)
    else:
        raise _Unencodable(f"cannot encode {type_name(value)} as JSON")


def _has_fields(value: Value) -> bool:
    host_type = host_type_of(value)
    return host_type.dynamic_dir is not None and host_type.dynamic_attr is not None


def _write_array(printer: Printer, values: Value, depth: int) -> None:
    printer.write("[")
    for position, element in enumerate(values):
        if position:
            printer.write(",")
        try:
            _write(printer, element, depth + 1)
        except _Unencodable as error:
            raise error.inside(f"at {type_name(values)} index {position}", depth) from None
    printer.write("]")


def _write_object(printer: Printer, names: list[str], read: Callable[[str], Value], noun: str, depth: int) -> None:
    printer.write("{")
    for position, name in enumerate(names):
        printer.write(f",{_quote(name)}:" if position else f"{_quote(name)}:")
        try:
            _write(printer, read(name), depth + 1)
        except _Unencodable as error:
            raise error.inside(f"in {noun} {_quote(name)}", depth) from None
    printer.write("}")


def _quote(text: str) -> str:
    return json.dumps(_SURROGATE.sub("\ufffd", text), ensure_ascii=False)


class _Refused(Exception):
    """The text is no JSON that the language reads."""


def _decode(_module: JsonModule, x: str, default: Value = MISSING) -> Value:
    try:
        new_elements(x.count(","))
        return _converted(_DECODER.decode(x))
    except json.JSONDecodeError as error:
        problem = f"at offset {error.pos}, {error.msg}"
    except _Refused as error:
        problem = str(error)
    except RecursionError:
        problem = "nesting depth limit exceeded"
    if default is not MISSING:
        return default
    raise EvaluationError(problem)


def _read_object(pairs: list[tuple[str, object]]) -> Dict:
    result = Dict()
    for name, value in pairs:
        if name in result:
            raise _Refused(f"object has duplicate key: {json.dumps(name, ensure_ascii=False)}")
        result[key_of(_SURROGATE.sub("\ufffd", name))] = _converted(value)
    return result


def _converted(value: object) -> Value:
    if type(value) is list:
        return List([_converted(element) for element in value])
    if type(value) is str:
        return _SURROGATE.sub("\ufffd", value)
    return value


def _read_int(text: str) -> int:
    if len(text) > MAX_BITS // 4:
        raise _Refused(f"integer too large: {text[:20]}...")
    try:
        return checked_int(int(text))
    except EvaluationError:
        raise _Refused(f"integer too large: {text[:20]}...") from None


def _read_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _Refused(f"floating-point number too large: {text[:20]}")
    return value


def _refuse_constant(text: str) -> None:
    raise _Refused(f"unexpected {text}")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_read_object, parse_int=_read_int, parse_float=_read_float, parse_constant=_refuse_constant
)


def _encode_indent(module: JsonModule, x: Value, /, *, prefix: str = "", indent: str = "\t") -> str:
    return _indent(module, _encode(module, x), prefix=prefix, indent=indent)


def _indent(_module: JsonModule, s: str, /, *, prefix: str = "", indent: str = "\t") -> str:
    printer = Printer(current_thread().output_budget)
    depth = 0
    pending = False
    for match in _TOKEN.finditer(s):
        token = match[0]
        if token.isspace():
            continue
        if token in ("}", "]"):
            depth -= 1
            if depth < 0:
                raise EvaluationError(f"at offset {match.start()}, unexpected {token}")
            if not pending:
                printer.write("\n" + prefix + indent * depth)
            pending = False
            printer.write(token)
            continue
        if pending:
            printer.write("\n" + prefix + indent * depth)
            pending = False
        printer.write(token)
        if token in ("{", "["):
            depth += 1
            if depth > _MAX_DEPTH:
                raise EvaluationError("nesting depth limit exceeded")
            pending = True
        elif token == ",":
            printer.write("\n" + prefix + indent * depth)
        elif token == ":":
            printer.write(" ")
    return printer.text


register(
    JsonModule,
    HostType(
        name="json",
        methods={"encode": _encode, "decode": _decode, "encode_indent": _encode_indent, "indent": _indent},
        repr=lambda _value, printer: printer.write("<built-in module json>"),
    ),
)
