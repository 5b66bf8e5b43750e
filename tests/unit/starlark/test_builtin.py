"""Binding and checking the arguments of built-in functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

from venvship.errors import EnvironmentProblem, InternalError, Place, UserError
from venvship.starlark.builtin import Builtin, builtin
from venvship.starlark.errors import EvaluationError
from venvship.starlark.execution import Module, call
from venvship.starlark.host_types import MISSING, Missing, Value
from venvship.starlark.thread import Thread, current_thread
from venvship.starlark.values import Dict, List

if TYPE_CHECKING:
    from venvship.starlark.structs import Struct as Unresolvable

Run = Callable[..., Module]
Evaluate = Callable[..., Value]


@builtin("glob")
def glob(
    include: Sequence[str],
    exclude: Sequence[str] = (),
    *,
    allow_empty: bool | None = None,
    depth: int | Missing = MISSING,
) -> List:
    return List([len(include), len(exclude), allow_empty, depth is MISSING])


@builtin("take")
def take(
    what: str | int | None = None, /, options: Dict | Mapping[str, str] | None = None, *more: str, **rest: int
) -> int:
    return len(more) + len(rest)


@builtin("visit")
def visit(function: Callable[..., object], values: Iterable[Value]) -> List:
    return List([call(current_thread(), function, [value]) for value in values])


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("glob()", "glob() missing 1 required positional argument: include"),
        ("glob([], [], [])", "glob() accepts no more than 2 positional arguments but got 3"),
        ("glob([], include = [])", "glob() got multiple values for parameter 'include'"),
        ("glob([], exclud = [])", "glob() got unexpected keyword argument 'exclud' (did you mean 'exclude'?)"),
        ("glob(5)", "in call to glob(), parameter 'include' got value of type 'int', want 'sequence'"),
        ("glob('a')", "in call to glob(), parameter 'include' got value of type 'string', want 'sequence'"),
        ("glob([], exclude = None)", "parameter 'exclude' got value of type 'NoneType', want 'sequence'"),
        ("glob(['a', 1])", "in call to glob(), at index 1 of include, got element of type int, want string"),
        ("glob([], allow_empty = 1)", "parameter 'allow_empty' got value of type 'int', want 'bool or NoneType'"),
        ("glob([], depth = True)", "parameter 'depth' got value of type 'bool', want 'int'"),
        ("take(what = 1)", "in call to take(), parameter 'rest' got value"),
        ("take(1, {}, 'a', 5)", "parameter 'more' got value of type 'int', want 'string'"),
        ("take(1, {}, x = 'a')", "parameter 'rest' got value of type 'string', want 'int'"),
        ("take([])", "parameter 'what' got value of type 'list', want 'string or int or NoneType'"),
        ("visit(1, [])", "parameter 'function' got value of type 'int', want"),
        ("visit(len, 1)", "parameter 'values' got value of type 'int', want"),
    ],
)
def test_a_mismatch_is_told_in_the_languages_words(evaluate: Evaluate, expression: str, message: str) -> None:
    if expression == "take(what = 1)":
        assert evaluate(expression, take=take) == 1
        return
    with pytest.raises(EvaluationError) as caught:
        evaluate(expression, glob=glob, take=take, visit=visit)
    assert message in caught.value.message
    assert caught.value.builtin == expression.partition("(")[0]


def test_arguments_that_fit_are_bound(evaluate: Evaluate) -> None:
    assert evaluate("glob(['a'], ('b', 'c'), allow_empty = True)", glob=glob) == List([1, 2, True, True])
    assert evaluate("glob(include = [], depth = 1)", glob=glob) == List([0, 0, None, False])
    assert evaluate("take(None, None, 'a', 'b', x = 1)", take=take) == 3


def test_a_builtin_calls_back_in_the_same_evaluation(evaluate: Evaluate) -> None:
    assert evaluate("visit(lambda x: x + 1, {1: 2, 3: 4})", visit=visit) == List([2, 4])


def test_a_failure_in_a_callback_shows_both_calls_and_blames_no_builtin(run: Run) -> None:
    with pytest.raises(EvaluationError) as caught:
        run("def f(x):\n    return 1 // x\n\nvisit(f, [0])\n", predeclared={"visit": visit})
    assert [str(frame) for frame in caught.value.stack] == [
        'File "x.bzl", line 4, column 6, in <toplevel>',
        'File "x.bzl", line 2, column 14, in f',
    ]
    assert caught.value.traceback.endswith("\nError: integer division by zero")


def test_recursion_is_seen_through_builtins(run: Run) -> None:
    with pytest.raises(EvaluationError, match="function 'f' called recursively"):
        run("def f(x):\n    return visit(f, [0])\n\nf(1)\n", predeclared={"visit": visit})


@pytest.mark.parametrize("kind", [UserError, EnvironmentProblem, InternalError])
def test_errors_of_the_host_get_the_place_and_the_way_there(run: Run, kind: type[UserError]) -> None:
    @builtin("refuse")
    def refuse() -> None:
        raise kind("no such file", hint="make one")

    with pytest.raises(kind) as caught:
        run("def f():\n    refuse()\nf()\n", predeclared={"refuse": refuse})
    assert str(caught.value) == (
        "x.bzl:2:11: no such file\n  in f\n  called from x.bzl:3:2 in <toplevel>\n\nhint: make one"
    )


def test_errors_of_the_host_keep_a_place_of_their_own(run: Run) -> None:
    @builtin("refuse")
    def refuse() -> None:
        raise UserError("bad", place=Place("other", 1))

    with pytest.raises(UserError) as caught:
        run("refuse()\n", predeclared={"refuse": refuse})
    assert caught.value.place == Place("other", 1)


@pytest.mark.parametrize("error", [KeyError("k"), ValueError("v"), TypeError("t"), AttributeError("a"), OSError("o")])
def test_other_exceptions_of_a_builtin_are_our_fault(run: Run, error: Exception) -> None:
    @builtin("broken")
    def broken() -> None:
        raise error

    with pytest.raises(InternalError, match=type(error).__name__) as caught:
        run("broken()\n", predeclared={"broken": broken})
    assert caught.value.place == Place("x.bzl", 1, 7)
    assert caught.value.__cause__ is error


def test_annotations_that_name_no_type_are_our_fault(run: Run) -> None:
    def odd(x: bytes) -> None: ...

    with pytest.raises(InternalError, match="parameter `x` of the built-in odd"):
        run("odd(1)\n", predeclared={"odd": Builtin("odd", odd)})

    def unresolvable(x: Unresolvable) -> None: ...

    with pytest.raises(InternalError, match=r"annotations of the built-in u\(\) don't resolve"):
        run("u(1)\n", predeclared={"u": Builtin("u", unresolvable)})


def test_the_thread_is_known_to_builtins_and_only_to_them(run: Run) -> None:
    seen: list[tuple[object, Place, list[str]]] = []

    @builtin("declare")
    def declare(**attributes: object) -> None:
        thread = current_thread()
        seen.append((thread.context, thread.caller_place(), [frame.function for frame in thread.call_stack()]))

    source = "def macro():\n  [declare(name = n) for n in ['a']]\n\ndeclare()\nmacro()\n"
    run(source, predeclared={"declare": declare}, thread=Thread(context="package"))
    assert seen == [
        ("package", Place("x.bzl", 4, 8), ["<toplevel>"]),
        ("package", Place("x.bzl", 2, 11), ["<toplevel>", "macro"]),
    ]
    with pytest.raises(InternalError, match="no Starlark program is running"):
        current_thread()
