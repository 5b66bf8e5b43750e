"""Built-in functions: typed Python functions that programs call.

Arguments bind by the Python signature, and its annotations are checked: `str`, `int`, `bool`, `float`, `tuple`,
`List`, `Dict`, `Set`, `None`, every registered class, their unions, `Sequence[...]`, `Iterable[...]`, `Mapping`,
`Callable`. A parameter annotated `object` or `Value` takes anything.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from types import FunctionType, NoneType
from typing import Any

from venvship.dataclass import dataclass
from venvship.errors import InternalError
from venvship.starlark.call_problems import binding_problem
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import TYPES, HostType, Missing, Value, checked_value, register, type_name
from venvship.starlark.iteration import is_iterable
from venvship.starlark.printer import Printer
from venvship.starlark.sizes import new_text
from venvship.starlark.thread import CURRENT, LONG_TEXT, RECORD, SEARCH_BITS, current_thread
from venvship.starlark.values import DICTS, LISTS, SETS


@dataclass(frozen=True, slots=True)
class _Check:
    """The classes that one parameter takes."""

    parameter: str
    classes: frozenset[type]
    want: str
    elements: _Check | None = None
    any_iterable: bool = False


@dataclass(frozen=True, slots=True)
class _Checks:
    positional: tuple[_Check | None, ...]
    named: Mapping[str, _Check]
    more_positional: _Check | None
    more_named: _Check | None
    none: bool
    """Whether every parameter takes anything."""


_LANGUAGE = __name__.rpartition(".")[0]
_STEPS_OF_HOST = 20


class Builtin:
    """A built-in function, or a method when its first parameter is the receiver.

    Calls of functions that are no part of the language cost some steps more.
    """

    __slots__ = ("_checks", "_steps", "function", "method_of", "name")

    def __init__(self, name: str, function: Callable[..., object], *, method_of: str | None = None) -> None:
        self.name = name
        self.function = function
        self.method_of = method_of
        self._checks: _Checks | None = None
        self._steps = 0 if function.__module__.startswith(_LANGUAGE) else _STEPS_OF_HOST

    def __call__(self, /, *args: Value, **kwargs: Value) -> Value:
        checks = self._checks
        if self._steps:
            thread = CURRENT.thread
            if thread is not None and (left := thread.steps_left - self._steps) >= thread.next_look:
                thread.steps_left = left
            elif thread is not None:
                thread.use_steps(self._steps)
        if checks is None:
            checks = self._checks = _checks_of(self)
        try:
            if checks.none:
                result = self.function(*args, **kwargs)
                return result if type(result) in TYPES else checked_value(result, f"the built-in {self.name}()")
            for check, arg in zip(checks.positional, args):  # noqa: B905  # the signature decides about the number
                if check is not None and (type(arg) not in check.classes or check.elements is not None):
                    self._verify(check, arg)
            if kwargs:
                for name, arg in kwargs.items():
                    named = checks.named.get(name, checks.more_named)
                    if named is not None and (type(arg) not in named.classes or named.elements is not None):
                        self._verify(named, arg)
            if checks.more_positional is not None:
                for arg in args[len(checks.positional) :]:
                    if type(arg) not in checks.more_positional.classes:
                        self._verify(checks.more_positional, arg)
            result = self.function(*args, **kwargs)
        except EvaluationError as error:
            if error.builtin is None and not error.stack and not _passed_program(error):
                error.builtin = self.name
            raise
        except TypeError as error:
            # The call itself failed when no frame below ours was entered; anything deeper is a fault of ours.
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            raise EvaluationError(self._mismatch(args, kwargs, error), builtin=self.name) from None
        if type(result) not in TYPES:
            checked_value(result, f"the built-in {self.name}()")
        return result

    def __repr__(self) -> str:
        return f"Builtin({self.name})"

    def _verify(self, check: _Check, arg: Value) -> None:
        if type(arg) not in check.classes and not (check.any_iterable and is_iterable(arg)):
            raise EvaluationError(
                f"in call to {self.name}(), parameter '{check.parameter}' got value of type '{type_name(arg)}', "
                f"want '{check.want}'"
            )
        elements = check.elements
        if elements is not None and isinstance(arg, (list, tuple)):
            for position, element in enumerate(arg):
                if type(element) not in elements.classes:
                    raise EvaluationError(
                        f"in call to {self.name}(), at index {position} of {check.parameter}, got element of type "
                        f"{type_name(element)}, want {elements.want}"
                    )

    def _mismatch(self, args: tuple[Value, ...], kwargs: dict[str, Value], error: TypeError) -> str:
        parameters = list(inspect.signature(self.function).parameters.values())
        if self.method_of is not None:
            parameters, args = parameters[1:], args[1:]
        return binding_problem(self.name, parameters, args, kwargs) or str(error)


def builtin(name: str) -> Callable[[Callable[..., object]], Builtin]:
    """Make a Python function a built-in of this name."""
    return lambda function: Builtin(name, function)


class BoundMethod:
    """A method together with its receiver: `f = "a".upper`."""

    __slots__ = ("method", "receiver")

    def __init__(self, receiver: Value, method: Builtin) -> None:
        self.receiver = receiver
        self.method = method

    def __call__(self, /, *args: Value, **kwargs: Value) -> Value:
        receiver = self.receiver
        if type(receiver) is str and len(receiver) > LONG_TEXT:
            # Searching or copying a long text takes as long as many steps of a program.
            current_thread().use_steps(len(receiver) >> SEARCH_BITS)
            result = self.method(receiver, *args, **kwargs)
            if type(result) is str:
                new_text(len(result))
            return result
        return self.method(receiver, *args, **kwargs)


METHODS: dict[type, dict[str, Builtin]] = {}
"""The methods of each class of the table, made when first asked for."""


def methods_of(value: Value) -> dict[str, Builtin]:
    """The methods of a value by name, still without receiver."""
    kind = type(value)
    found = METHODS.get(kind)
    if found is None:
        host_type = TYPES.get(kind)
        if host_type is None:
            checked_value(value, "a program")
            return {}
        found = METHODS[kind] = {
            name: Builtin(name, method, method_of=host_type.name) for name, method in host_type.methods.items()
        }
    return found


def _passed_program(error: EvaluationError) -> bool:
    traceback = error.__traceback__
    while traceback is not None:
        if RECORD in traceback.tb_frame.f_globals:
            return True
        traceback = traceback.tb_next
    return False


_KNOWN_CHECKS: dict[tuple[types.CodeType, bool, bool], _Checks] = {}
"""Of functions that are made anew for each value that has them, such as a method of one context."""


def _checks_of(builtin: Builtin) -> _Checks:
    function = builtin.function
    is_bound = isinstance(function, types.MethodType)
    plain = function.__func__ if isinstance(function, types.MethodType) else function
    if not isinstance(plain, FunctionType):
        return _new_checks_of(builtin)
    # Annotations are texts, whose names are those of the module: closures over one code want the same.
    key = (plain.__code__, is_bound, builtin.method_of is None)
    known = _KNOWN_CHECKS.get(key)
    if known is None:
        known = _KNOWN_CHECKS[key] = _new_checks_of(builtin)
    return known


def _new_checks_of(function: Builtin) -> _Checks:
    parameters = list(inspect.signature(function.function).parameters.values())
    try:
        hints = typing.get_type_hints(function.function)
    except NameError as error:
        raise InternalError(f"the annotations of the built-in {function.name}() don't resolve: {error}") from error
    positional: list[_Check | None] = []
    named: dict[str, _Check] = {}
    more_positional = more_named = None
    for position, parameter in enumerate(parameters):
        check = _check_of(function.name, parameter.name, hints.get(parameter.name, object))
        if position == 0 and function.method_of is not None:
            check = None
        match parameter.kind:
            case inspect.Parameter.VAR_POSITIONAL:
                more_positional = check
            case inspect.Parameter.VAR_KEYWORD:
                more_named = check
            case _:
                if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
                    positional.append(check)
                if check is not None:
                    named[parameter.name] = check
    none = not named and more_positional is None and more_named is None
    return _Checks(tuple(positional), named, more_positional, more_named, none)


def _check_of(function: str, parameter: str, hint: object) -> _Check | None:
    classes: set[type] = set()
    wanted: dict[str, None] = {}
    elements: _Check | None = None
    any_iterable = False
    for part in _union_parts(hint):
        origin: Any = typing.get_origin(part) or part
        if origin is object or origin is Any or isinstance(origin, typing.TypeVar):
            return None
        if origin is Missing:
            continue
        found = _classes_of(origin)
        if not found:
            raise InternalError(
                f"parameter `{parameter}` of the built-in {function}() wants `{part}`, no Starlark type"
            )
        classes |= found
        any_iterable = any_iterable or origin is collections.abc.Iterable
        names = [_NOUNS[origin]] if origin in _NOUNS else sorted({TYPES[kind].name for kind in found if kind in TYPES})
        wanted.update(dict.fromkeys(names))
        inner = typing.get_args(part)
        if inner and origin in (collections.abc.Sequence, collections.abc.Iterable):
            elements = _check_of(function, parameter, inner[0])
    return _Check(parameter, frozenset(classes), " or ".join(wanted), elements, any_iterable)


_NOUNS: Mapping[object, str] = {
    collections.abc.Sequence: "sequence",
    collections.abc.Iterable: "iterable",
    collections.abc.Mapping: "dict",
    collections.abc.Callable: "callable",
}
"""How messages name what is no single type."""


def _union_parts(hint: object) -> tuple[object, ...]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return typing.get_args(hint)
    return (hint,)


def _classes_of(hint: Any) -> frozenset[type]:
    if hint is None:
        return frozenset([NoneType])
    if hint is collections.abc.Sequence:
        return LISTS | {tuple}
    if hint is collections.abc.Iterable:
        iterable = {kind for kind, host_type in TYPES.items() if host_type.iterate is not None}
        return LISTS | DICTS | SETS | {tuple, range} | iterable
    if hint is collections.abc.Mapping:
        return DICTS
    if hint is collections.abc.Callable:
        callable_types = {kind for kind, host_type in TYPES.items() if host_type.call is not None}
        return frozenset({FunctionType, Builtin, BoundMethod} | callable_types)
    if hint in (int, str, bool, float, tuple, range):
        return frozenset([hint])
    return frozenset(kind for kind in TYPES if isinstance(hint, type) and issubclass(kind, hint))


def _print_builtin(value: Builtin, printer: Printer) -> None:
    printer.write(f"<built-in function {value.name}>")


def _print_method(value: BoundMethod, printer: Printer) -> None:
    printer.write(f"<built-in method {value.method.name} of {value.method.method_of} value>")


register(Builtin, HostType(name="builtin_function_or_method", hashable=True, repr=_print_builtin))
register(BoundMethod, HostType(name="builtin_function_or_method", repr=_print_method))
register(FunctionType, HostType(name="function", hashable=True))
