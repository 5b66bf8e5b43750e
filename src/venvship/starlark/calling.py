"""Calls of values, from programs and from built-ins."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, MethodType

from venvship.starlark.access import get_attribute
from venvship.starlark.builtin import METHODS, BoundMethod, Builtin, methods_of
from venvship.starlark.call_problems import call_problem
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value, host_type_of, type_name
from venvship.starlark.iteration import sequence
from venvship.starlark.keys import value_of
from venvship.starlark.sizes import new_elements
from venvship.starlark.thread import LONG_TEXT, current_thread
from venvship.starlark.values import DICTS, LISTS, SETS

_CALLS: dict[type, Builtin] = {}
"""The `call` hooks of types, made when first used."""


def method_of(value: Value, name: str) -> Callable[..., Value]:
    """What Python calls for `value.name(...)`, without making a value of the language."""
    methods = METHODS.get(type(value)) or methods_of(value)
    method = methods.get(name)
    if method is not None:
        if type(value) is str and len(value) > LONG_TEXT:
            return BoundMethod(value, method)
        return MethodType(method, value)
    return callable_of(get_attribute(value, name))


class _NotCallable:
    """Refuses when it is called, and not before the arguments are evaluated."""

    def __init__(self, value: Value) -> None:
        self._value = value

    def __call__(self, *args: Value, **kwargs: Value) -> Value:
        raise EvaluationError(f"'{type_name(self._value)}' object is not callable")


def callable_of(value: Value) -> Callable[..., Value]:
    """What Python calls for `value(...)`."""
    kind = type(value)
    if kind is FunctionType or kind is Builtin or kind is BoundMethod:
        return value  # type: ignore[no-any-return]
    call = _CALLS.get(kind)
    if call is None:
        host_type = host_type_of(value)
        if host_type.call is None:
            return _NotCallable(value)
        call = _CALLS[kind] = Builtin(host_type.name, host_type.call, method_of=host_type.name)
    return MethodType(call, value)


def is_callable(value: Value) -> bool:
    """Whether `callable_of` takes a value."""
    kind = type(value)
    return kind is FunctionType or kind is Builtin or kind is BoundMethod or host_type_of(value).call is not None


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
        new_elements(len(value))
        return value
    if type(value) is str or (host_type_of(value).iterate is None and type(value) not in DICTS | SETS | {range}):
        raise EvaluationError(f"argument after * must be an iterable, not {type_name(value)}")
    return sequence(value)


def named_arguments(value: Value) -> dict[str, Value]:
    """The entries of `**value` in a call."""
    if type(value) not in DICTS:
        raise EvaluationError(f"argument after ** must be a dict, not {type_name(value)}")
    # Whoever is called goes through them again.
    current_thread().use_steps(len(value))
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
