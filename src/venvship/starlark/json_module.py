"""The `json` module of the language."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping

from venvship.starlark.access import attribute_names, get_attribute
from venvship.starlark.errors import EvaluationError
from venvship.starlark.floats import format_shortest, non_finite
from venvship.starlark.host_types import MISSING, HostType, Value, host_type_of, register, type_name
from venvship.starlark.iteration import elements, is_iterable
from venvship.starlark.keys import key_of, value_of
from venvship.starlark.numbers import MAX_BITS, checked_int
from venvship.starlark.printer import Printer, quote
from venvship.starlark.sizes import new_elements
from venvship.starlark.structs import Struct
from venvship.starlark.thread import current_thread
from venvship.starlark.values import DICTS, Dict, List

_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_DEPTH = 300
_MAX_STEPS_TOLD = 5
_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUMBER = re.compile(r"-?[0-9.eE+-]*")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS: Mapping[str, Value] = {"null": None, "true": True, "false": False}


class JsonModule:
    """The value of the name `json`."""

    __slots__ = ()


JSON = JsonModule()


def _encode(_module: JsonModule, x: Value, /) -> str:
    printer = Printer(current_thread().output_budget)
    _write(printer, x, 0)
    return printer.paid_text()


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
    elif kind in DICTS:
        for key in value:
            if type(key) is not str:
                raise _Unencodable(f"dict has {type_name(value_of(key))} key, want string")
        told = "in dict key {}".format
        _write_object(printer, sorted(value), value.__getitem__, lambda name: told(_quote(name)), depth)
    elif is_iterable(value):
        _write_array(printer, value, depth)
    elif kind is Struct or _has_fields(value):
        told = f"in {type_name(value)} field .{{}}".format
        _write_object(printer, attribute_names(value), lambda name: get_attribute(value, name), told, depth)
    else:
        raise _Unencodable(f"cannot encode {type_name(value)} as JSON")


def _has_fields(value: Value) -> bool:
    host_type = host_type_of(value)
    return host_type.dynamic_dir is not None and host_type.dynamic_attr is not None


def _write_array(printer: Printer, values: Value, depth: int) -> None:
    printer.write("[")
    for position, element in enumerate(elements(values)):
        if position:
            printer.write(",")
        try:
            _write(printer, element, depth + 1)
        except _Unencodable as error:
            raise error.inside(f"at {type_name(values)} index {position}", depth) from None
    printer.write("]")


def _write_object(
    printer: Printer, names: list[str], read: Callable[[str], Value], told: Callable[[str], str], depth: int
) -> None:
    printer.write("{")
    for position, name in enumerate(names):
        printer.write(f",{_quote(name)}:" if position else f"{_quote(name)}:")
        try:
            _write(printer, read(name), depth + 1)
        except _Unencodable as error:
            raise error.inside(told(name), depth) from None
    printer.write("}")


def _quote(text: str) -> str:
    return json.dumps(_SURROGATE.sub("\ufffd", text), ensure_ascii=False)


def _decode(_module: JsonModule, x: str, default: Value = MISSING) -> Value:
    current_thread().use_steps((len(x) >> 1) + 4 * (x.count("[") + x.count("{")))
    try:
        new_elements(x.count(","))
        return _converted(_DECODER.decode(x))
    except (json.JSONDecodeError, _NotJson):
        problem = _problem_of(x)
    except RecursionError:
        problem = "nesting depth limit exceeded"
    if default is not MISSING:
        return default
    raise EvaluationError(problem)


class _NotJson(ValueError):
    """Python reads what is no JSON, or what is too large here."""


def _read_object(pairs: list[tuple[str, object]]) -> Dict:
    return Dict([(key_of(_SURROGATE.sub("\ufffd", name)), _converted(value)) for name, value in pairs])


def _converted(value: object) -> Value:
    if type(value) is list:
        return List([_converted(element) for element in value])
    if type(value) is str:
        return _SURROGATE.sub("\ufffd", value)
    return value


def _read_int(text: str) -> int:
    if len(text) > MAX_BITS // 4:
        raise _NotJson(text)
    try:
        return checked_int(int(text))
    except EvaluationError:
        raise _NotJson(text) from None


def _refuse_constant(text: str) -> None:
    raise _NotJson(text)


_DECODER = json.JSONDecoder(object_pairs_hook=_read_object, parse_int=_read_int, parse_constant=_refuse_constant)


class _JsonText:
    """JSON text and a position in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def next(self) -> str:
        """The next character that is no space."""
        self.skip_space()
        if self.at == len(self.text):
            raise EvaluationError("unexpected end of file")
        return self.text[self.at]

    def skip_space(self) -> None:
        space = _SPACE.match(self.text, self.at)
        assert space is not None
        self.at = space.end()

    def number(self) -> str:
        """What looks like a number from here on; empty when nothing does."""
        match = _NUMBER.match(self.text, self.at)
        return match[0] if match is not None and self.text[self.at] in "-0123456789" else ""

    def word(self) -> str:
        """`null`, `true` or `false`; empty when the text goes on otherwise."""
        return next((word for word in _WORDS if self.text.startswith(word, self.at)), "")

    def unexpected(self) -> EvaluationError:
        return EvaluationError(f"unexpected character {quote(self.text[self.at])}")


def _problem_of(text: str) -> str:
    """Why a text that was refused is no JSON; found by reading it once more, slowly."""
    current_thread().use_steps(4 * len(text))
    source = _JsonText(text)
    try:
        _check_value(source)
        source.skip_space()
        if source.at < len(text):
            raise EvaluationError(f"unexpected character {quote(text[source.at])} after value")
    except RecursionError:
        return "nesting depth limit exceeded"
    except EvaluationError as error:
        return f"at offset {source.at}, {error.message}"
    return "not valid JSON"


def _check_value(source: _JsonText) -> str:
    """Passes one value and answers its type; raises what is wrong with it, with `source` at the place."""
    first = source.next()
    if first == '"':
        _check_string(source)
        return "string"
    if first == "[":
        _check_items(source, "]", _check_value, "got {}, want ',' or ']'")
        return "list"
    if first == "{":
        _check_items(source, "}", _check_entry, "in object, got {}, want ',' or '}}'")
        return "dict"
    number = source.number()
    if number:
        if not _JSON_NUMBER.fullmatch(number):
            raise EvaluationError(f"invalid number: {number[:80]}")
        if number.lstrip("-").isdigit():
            try:
                _read_int(number)
            except _NotJson:
                raise EvaluationError(f"integer too large: {number[:20]}...") from None
    word = number or source.word()
    if not word:
        raise source.unexpected()
    source.at += len(word)
    return type_name(_WORDS[word]) if word in _WORDS else "int" if word.lstrip("-").isdigit() else "float"


def _check_items(source: _JsonText, end: str, check: Callable[[_JsonText], object], refusal: str) -> None:
    source.at += 1
    character = source.next()
    if character != end:
        while True:
            check(source)
            character = source.next()
            if character != ",":
                break
            source.at += 1
        if character != end:
            raise EvaluationError(refusal.format(quote(character)))
    source.at += 1


def _check_entry(source: _JsonText) -> None:
    key = _check_value(source)
    if key != "string":
        raise EvaluationError(f"got {key} for object key, want string")
    character = source.next()
    if character != ":":
        raise EvaluationError(f"after object key, got {quote(character)}, want ':'")
    source.at += 1
    _check_value(source)


def _check_string(source: _JsonText) -> None:
    text = source.text
    source.at += 1
    while source.at < len(text):
        character = text[source.at]
        if character == '"':
            source.at += 1
            return
        if character < " ":
            raise EvaluationError(f"invalid character '\\x{ord(character):02x}' in string literal")
        source.at += 1
        if character == "\\":
            _check_escape(source)
    raise EvaluationError("unclosed string literal")


def _check_escape(source: _JsonText) -> None:
    text = source.text
    if source.at == len(text):
        raise EvaluationError("incomplete escape")
    letter = text[source.at]
    source.at += 1
    if letter == "u":
        digits = text[source.at : source.at + 4]
        if len(digits) < 4 or source.at + 4 >= len(text):
            raise EvaluationError("incomplete \\uXXXX escape")
        for digit in digits:
            if digit not in "0123456789abcdefABCDEF":
                raise EvaluationError(f"invalid hex char {quote(digit)} in \\uXXXX escape")
        source.at += 4
    elif letter not in '\\/"bfnrt':
        raise EvaluationError(f"invalid escape '\\{letter}'")


def _encode_indent(module: JsonModule, x: Value, /, *, prefix: str = "", indent: str = "\t") -> str:
    return _indent(module, _encode(module, x), prefix=prefix, indent=indent)


def _indent(_module: JsonModule, s: str, /, *, prefix: str = "", indent: str = "\t") -> str:
    printer = Printer(current_thread().output_budget)
    current_thread().use_steps(8 * len(s))
    source = _JsonText(s)
    depth = 0

    def newline() -> None:
        printer.write("\n" + prefix)
        printer.write(indent, depth)

    # What is no JSON may come out as anything, or be refused: only tokens are looked at.
    while True:
        character = source.next()
        if character == '"':
            string = _STRING.match(s, source.at)
            if string is None:
                raise EvaluationError("input is not valid JSON")
            token = string[0]
        elif character in "[]{},:":
            token = character
        else:
            token = source.number() or source.word()
            if not token:
                raise source.unexpected()
        source.at += len(token)
        if token in ("]", "}"):
            depth -= 1
            newline()
        printer.write(token)
        if token in ("[", "{"):
            closing = source.next()
            if closing in "]}":
                source.at += 1
                printer.write(closing)
            else:
                depth += 1
                newline()
        elif token == ",":
            newline()
        elif token == ":":
            printer.write(" ")
        if depth <= 0:
            return printer.paid_text()


register(
    JsonModule,
    HostType(
        name="json",
        methods={"encode": _encode, "decode": _decode, "encode_indent": _encode_indent, "indent": _indent},
        repr=lambda _value, printer: printer.write("<built-in module json>"),
    ),
)
