"""`str` and `repr`, within a budget: a few lines of source can name a value that takes days to print."""

from __future__ import annotations

import builtins
import io
from types import FunctionType, NoneType

from venvship.starlark.errors import EvaluationError
from venvship.starlark.floats import format_shortest
from venvship.starlark.host_types import TYPES, Value, host_type_of
from venvship.starlark.keys import value_of
from venvship.starlark.numbers import pay_for_text
from venvship.starlark.sizes import new_text
from venvship.starlark.thread import RECORD, SEARCH_BITS, current_thread
from venvship.starlark.values import DICTS, LISTS, SETS

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES |= {chr(code): f"\\x{code:02x}" for code in range(0x20) if chr(code) not in _ESCAPES}
_TRANSLATION = str.maketrans(_ESCAPES)


def quote(text: str) -> str:
    """A string literal of the language."""
    return f'"{text.translate(_TRANSLATION)}"'


class Printer:
    """Collects the text of values."""

    def __init__(self, budget: int) -> None:
        self._left = budget
        self._text = io.StringIO()
        self._writes = 0
        # Identities of the values being printed: a list can hold itself.
        self._open: set[int] = set()

    @property
    def text(self) -> builtins.str:
        """What has been written."""
        return self._text.getvalue()

    def paid_text(self) -> builtins.str:
        """What has been written, once the program that asked for it has paid."""
        text = self._text.getvalue()
        current_thread().use_steps(4 * self._writes)
        new_text(len(text))
        return text

    def write(self, text: builtins.str, times: int = 1) -> None:
        """Add text as it is."""
        self._writes += 1 + (len(text) >> SEARCH_BITS)
        self._left -= len(text) * times
        if self._left < 0:
            raise EvaluationError("the text of this value is too long")
        self._text.write(text if times == 1 else text * times)

    def str(self, value: Value) -> None:
        """Add a value as `str` and `print` show it: strings without quotes."""
        kind = type(value)
        if kind is str:
            self.write(value)
            return
        host_type = TYPES.get(kind)
        if host_type is not None and host_type.str is not None:
            host_type.str(value, self)
            return
        self._show(value)

    def repr(self, value: Value) -> None:
        """Add a value as a literal would write it."""
        kind = type(value)
        if kind is str:
            self._writes += len(value) >> SEARCH_BITS
            self.write(quote(value))
        elif kind is int or kind is bool or kind is NoneType:
            self._show(value)
        elif id(value) in self._open:
            self.write("...")
        else:
            self._open.add(id(value))
            self._show(value)
            self._open.discard(id(value))

    def _show(self, value: Value) -> None:
        kind = type(value)
        if kind is int:
            pay_for_text(value)
            self.write(str(value))
        elif kind is bool or kind is NoneType:
            self.write(str(value))
        elif kind is float:
            self.write(format_shortest(value))
        elif kind is tuple:
            self.sequence("(", value, ",)" if len(value) == 1 else ")")
        elif kind in LISTS:
            self.sequence("[", value, "]")
        elif kind in DICTS:
            self._show_dict(value)
        elif kind in SETS:
            self.sequence("set([", [value_of(key) for key in value], "])") if value else self.write("set()")
        elif kind is range:
            self.write(f"range({value.start}, {value.stop}" + (f", {value.step})" if value.step != 1 else ")"))
        elif kind is FunctionType:
            name = "lambda" if value.__name__ == "<lambda>" else value.__name__
            record = value.__globals__.get(RECORD)
            self.write(f"<function {name} from {record.label}>" if record is not None else f"<function {name}>")
        else:
            host_type = host_type_of(value)
            if host_type.repr is None:
                self.write(f"<{host_type.name}>")
            else:
                host_type.repr(value, self)

    def sequence(self, opening: builtins.str, values: Value, closing: builtins.str) -> None:
        """Add values separated by commas."""
        self.write(opening)
        first = True
        for value in values:
            if not first:
                self.write(", ")
            first = False
            self.repr(value)
        self.write(closing)

    def _show_dict(self, value: Value) -> None:
        self.write("{")
        first = True
        for key, item in value.items():
            if not first:
                self.write(", ")
            first = False
            self.repr(value_of(key))
            self.write(": ")
            self.repr(item)
        self.write("}")


def str_of(value: Value) -> str:
    """`str(value)`."""
    if type(value) is str:
        return value
    printer = Printer(current_thread().output_budget)
    printer.str(value)
    return printer.paid_text()


def repr_of(value: Value) -> str:
    """`repr(value)`."""
    printer = Printer(current_thread().output_budget)
    printer.repr(value)
    return printer.paid_text()
