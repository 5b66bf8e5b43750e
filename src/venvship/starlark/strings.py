"""Methods of strings. A string is a sequence of code points."""

from __future__ import annotations

import re
from collections.abc import Callable

from venvship.starlark.errors import EvaluationError
from venvship.starlark.formatting import format_fields
from venvship.starlark.host_types import HostType, Value, type_name
from venvship.starlark.iteration import sequence
from venvship.starlark.numbers import finite_index
from venvship.starlark.printer import str_of
from venvship.starlark.sizes import SMALL, new_elements, new_text
from venvship.starlark.thread import LONG_TEXT, SEARCH_BITS, STEP_BITS, current_thread
from venvship.starlark.values import List

_MANY_CHARACTERS = 16
_MANY_PIECES = 16

_LONG_NEEDLE = 64
"""From here on Python is much faster at looking forward than backward."""

_LINE_END = re.compile(r"(\r\n|\r|\n)")
"""The line ends of the language; Python knows more."""


def _window(text: str, start: int | None, end: int | None) -> slice:
    first = None if start is None else finite_index(start, "start")
    last = None if end is None else finite_index(end, "end")
    return slice(*slice(first, last).indices(len(text))[:2])


def _strip(method: Callable[[str, str | None], str]) -> Callable[..., object]:
    def strip(text: str, chars: str | None = None, /) -> str:
        if chars is not None:
            if len(chars) > _MANY_CHARACTERS:
                chars = "".join(sorted(set(chars)))
            # Python looks for each character of the text in all of `chars`.
            _pay((len(chars) + 8) * (len(text) + 1) >> 3)
        return method(text, chars)

    return strip


def _pay(characters: int) -> None:
    """Pay for looking at each of so many characters."""
    if characters >= 1 << SEARCH_BITS:
        current_thread().use_steps(characters >> SEARCH_BITS)


def _pay_for_search(text: str) -> None:
    if SMALL < len(text) <= LONG_TEXT:  # for longer ones every method is paid for
        current_thread().use_steps(len(text) >> SEARCH_BITS)


def _no_arguments(method: Callable[[str], object]) -> Callable[..., object]:
    def apply(text: str, /) -> object:
        # What is not plain ASCII takes some ten times as long.
        _pay(len(text) if text.isascii() else len(text) << 3)
        return method(text)

    return apply


def _capitalize(text: str, /) -> str:
    _pay(len(text) << 3)
    return text[:1].upper() + text[1:].lower()


def _title(text: str, /) -> str:
    _pay(len(text) << 2)
    return text.title()


def _count(text: str, sub: str, start: int | None = None, end: int | None = None, /) -> int:
    window = _window(text, start, end)
    _pay(len(text) << 1)
    return text.count(sub, window.start, window.stop)


def _elems(text: str, /) -> List:
    current_thread().use_steps(len(text) >> 3)
    new_elements(len(text))
    return List(text)


def _affix(method: Callable[..., bool], parameter: str) -> Callable[..., object]:
    def check(text: str, sub: str | tuple[Value, ...], start: int | None = None, end: int | None = None, /) -> bool:
        if isinstance(sub, tuple):
            for position, element in enumerate(sub):
                if type(element) is not str:
                    raise EvaluationError(
                        f"at index {position} of {parameter}, got element of type {type_name(element)}, want string"
                    )
            current_thread().use_steps(len(sub) * (1 + (len(text) >> STEP_BITS)))
        window = _window(text, start, end)
        return method(text, sub, window.start, window.stop)

    return check


def _finder(method: Callable[..., int], missing: str | None) -> Callable[..., object]:
    def find(text: str, sub: str, start: int | None = None, end: int | None = None, /) -> int:
        _pay_for_search(text)
        window = _window(text, start, end)
        position = method(text, sub, window.start, max(window.stop, window.start))
        if position < 0 and missing is not None:
            raise EvaluationError("substring not found" if missing == "" else missing)
        return position

    return find


def _rfind(text: str, sub: str, start: int, stop: int) -> int:
    if len(sub) <= _LONG_NEEDLE:
        return text.rfind(sub, start, stop)
    position = text[start:stop][::-1].find(sub[::-1])
    return position if position < 0 else max(stop - position - len(sub), start)


def _rpartition(text: str, sep: str) -> tuple[str, str, str]:
    position = _rfind(text, sep, 0, len(text))
    if position < 0:
        return "", "", text
    return text[:position], sep, text[position + len(sep) :]


def _rsplit(text: str, sep: str | None, limit: int) -> list[str]:
    if sep is None or len(sep) <= _LONG_NEEDLE:
        return text.rsplit(sep, limit)
    return [piece[::-1] for piece in reversed(text[::-1].split(sep[::-1], limit))]


def _format(text: str, /, *args: Value, **kwargs: Value) -> str:
    return format_fields(text, args, kwargs)


def _join(text: str, elements: Value, /) -> str:
    pieces = sequence(elements)
    total = len(text) * max(len(pieces) - 1, 0)
    for position, piece in enumerate(pieces):
        if type(piece) is not str:
            raise EvaluationError(
                f"expected string for sequence element {position}, "
                f"got '{str_of(piece)[:80]}' of type {type_name(piece)}"
            )
        total += len(piece)
    new_text(total)
    return text.join(pieces)


def _partition(method: Callable[[str, str], tuple[str, str, str]]) -> Callable[..., object]:
    def partition(text: str, sep: str, /) -> tuple[str, str, str]:
        if sep == "":
            raise EvaluationError("empty separator")
        _pay_for_search(text)
        return method(text, sep)

    return partition


def _removeprefix(text: str, prefix: str, /) -> str:
    return text.removeprefix(prefix)


def _removesuffix(text: str, suffix: str, /) -> str:
    return text.removesuffix(suffix)


def _replace(text: str, /, old: str, new: str, count: int = -1) -> str:
    _pay_for_search(text)
    times = text.count(old) if count < 0 else min(count, text.count(old))
    new_text(len(text) + times * (len(new) - len(old)))
    return text.replace(old, new, count if count >= 0 else -1)


def _splitter(method: Callable[[str, str | None, int], list[str]]) -> Callable[..., object]:
    def split(text: str, sep: str | None = None, maxsplit: int | None = None, /) -> List:
        if sep == "":
            raise EvaluationError("Empty separator")
        limit = -1 if maxsplit is None else max(finite_index(maxsplit, "maxsplit"), -1)
        _pay_for_search(text)
        pieces = method(text, sep, limit)
        if len(pieces) > _MANY_PIECES:
            current_thread().use_steps(len(pieces) >> 2)
            new_elements(len(pieces))
        return List(pieces)

    return split


def _splitlines(text: str, /, keepends: bool = False) -> List:
    pieces = _LINE_END.split(text)
    current_thread().use_steps((len(text) >> SEARCH_BITS) + len(pieces))
    ends = [*pieces[1::2], ""]
    lines = [line + end if keepends else line for line, end in zip(pieces[::2], ends, strict=True)]
    if not pieces[-1]:
        lines.pop()
    return List(lines)


STRING = HostType(
    name="string",
    hashable=True,
    methods={
        "capitalize": _capitalize,
        "count": _count,
        "elems": _elems,
        "endswith": _affix(str.endswith, "sub"),
        "find": _finder(str.find, None),
        "format": _format,
        "index": _finder(str.find, ""),
        "isalnum": _no_arguments(str.isalnum),
        "isalpha": _no_arguments(str.isalpha),
        "isdigit": _no_arguments(str.isdigit),
        "islower": _no_arguments(str.islower),
        "isspace": _no_arguments(str.isspace),
        "istitle": _no_arguments(str.istitle),
        "isupper": _no_arguments(str.isupper),
        "join": _join,
        "lower": _no_arguments(str.lower),
        "lstrip": _strip(str.lstrip),
        "partition": _partition(str.partition),
        "removeprefix": _removeprefix,
        "removesuffix": _removesuffix,
        "replace": _replace,
        "rfind": _finder(_rfind, None),
        "rindex": _finder(_rfind, ""),
        "rpartition": _partition(_rpartition),
        "rsplit": _splitter(_rsplit),
        "rstrip": _strip(str.rstrip),
        "split": _splitter(str.split),
        "splitlines": _splitlines,
        "startswith": _affix(str.startswith, "sub"),
        "strip": _strip(str.strip),
        "title": _title,
        "upper": _no_arguments(str.upper),
    },
)
