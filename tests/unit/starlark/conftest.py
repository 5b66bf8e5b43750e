"""Running a piece of source."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from venvship.starlark.builtin import Builtin, builtin
from venvship.starlark.equality import equal
from venvship.starlark.errors import EvaluationError
from venvship.starlark.execution import Module, call, execute
from venvship.starlark.freezing import freeze
from venvship.starlark.host_types import Value
from venvship.starlark.printer import repr_of
from venvship.starlark.program import Dialect, LoadStatement, Program, compile_program
from venvship.starlark.thread import Thread, current_thread


@builtin("assert_eq")
def assert_eq(x: Value, y: Value, /) -> None:
    if not equal(x, y):
        raise EvaluationError(f"{repr_of(x)} != {repr_of(y)}")


@builtin("assert_ne")
def assert_ne(x: Value, y: Value, /) -> None:
    if equal(x, y):
        raise EvaluationError(f"{repr_of(x)} == {repr_of(y)}")


@builtin("assert_true")
def assert_true(x: Value, /) -> None:
    if x is not True:
        raise EvaluationError(f"{repr_of(x)} is not True")


@builtin("assert_fails")
def assert_fails(function: Callable[..., object], message: str, /) -> None:
    try:
        call(current_thread(), function)
    except EvaluationError as error:
        if message not in error.message:
            raise EvaluationError(f"expected an error with {message!r}, got {error.message!r}") from None
        return
    raise EvaluationError(f"expected an error with {message!r}, got none")


@builtin("frozen")
def frozen(x: Value, /) -> Value:
    freeze(x)
    return x


PREDECLARED: Mapping[str, Builtin] = {
    function.name: function for function in (assert_eq, assert_ne, assert_true, assert_fails, frozen)
}


def no_loads(statement: LoadStatement) -> Mapping[str, Value]:
    raise EvaluationError(f"nothing to load from {statement.module}")


def run_source(
    source: str | bytes,
    *,
    filename: str = "x.bzl",
    dialect: Dialect = Dialect.BZL,
    thread: Thread | None = None,
    load: Callable[[LoadStatement], Mapping[str, Value]] = no_loads,
    predeclared: Mapping[str, Value] | None = None,
) -> Module:
    """Compile, store, restore and execute."""
    program = compile_program(source, filename=filename, dialect=dialect)
    return execute(
        Program.restore(program.dump()),
        predeclared={**PREDECLARED, **(predeclared or {})},
        load=load,
        thread=thread or Thread(),
    )


@pytest.fixture
def run() -> Callable[..., Module]:
    return run_source


@pytest.fixture
def evaluate() -> Callable[..., Value]:
    """The value of an expression, computed inside a function."""

    def value_of(expression: str, thread: Thread | None = None, **names: Value) -> Value:
        source = f"def evaluated():\n    return {expression}\nresult = evaluated()\n"
        return run_source(source, thread=thread, predeclared=names).globals["result"]

    return value_of
