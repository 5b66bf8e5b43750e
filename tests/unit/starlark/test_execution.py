"""Running programs: positions, loads, freezing, errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from venvship.errors import Place, SeveralErrors, UserError
from venvship.starlark.builtin import Builtin, builtin
from venvship.starlark.errors import EvaluationError
from venvship.starlark.execution import Module, call, execute
from venvship.starlark.host_types import Value
from venvship.starlark.program import Dialect, LoadStatement, compile_program
from venvship.starlark.thread import Thread, current_thread
from venvship.starlark.values import List

Run = Callable[..., Module]


def test_a_print_tells_the_place_of_its_parenthesis(run: Run) -> None:
    said: list[tuple[str, Place]] = []
    run("def f():\n    print('hi', 1)\nf()\n", thread=Thread(print_handler=lambda text, at: said.append((text, at))))
    assert said == [("hi 1", Place("x.bzl", 2, 10))]


def test_a_failure_tells_the_stack_outermost_first(run: Run) -> None:
    with pytest.raises(EvaluationError) as caught:
        run("def f():\n    fail('boom', 1, ['x'])\nf()\n")
    assert caught.value.place == Place("x.bzl", 2, 9)
    assert caught.value.traceback == (
        "Traceback (most recent call last):\n"
        '\tFile "x.bzl", line 3, column 2, in <toplevel>\n'
        '\tFile "x.bzl", line 2, column 9, in f\n'
        'Error in fail: boom 1 ["x"]'
    )


def test_all_undefined_names_are_reported_at_once(run: Run) -> None:
    with pytest.raises(SeveralErrors) as caught:
        run("def f():\n    return depest\nx = lenn([])\n")
    assert [str(error.place) for error in caught.value.errors] == ["x.bzl:2:12", "x.bzl:3:5"]


LIBRARY = "public = [1]\n_private = 2\ndef append(x):\n    public.append(x)\n"


def library(run: Run) -> Callable[[LoadStatement], Mapping[str, Value]]:
    return lambda statement: run(LIBRARY, filename="lib.bzl").exports


def test_loaded_names_are_bound_and_not_exported_again(run: Run) -> None:
    module = run("load(':lib.bzl', 'public', mine = 'append')\nx = public + [2]\n", load=library(run))
    assert dict(module.globals) == {"x": [1, 2]}


def test_globals_are_all_and_exports_are_public(run: Run) -> None:
    module = run(LIBRARY)
    assert sorted(module.globals) == ["_private", "append", "public"]
    assert sorted(module.exports) == ["append", "public"]


def test_a_name_that_the_other_file_lacks_is_reported_at_the_load(run: Run) -> None:
    for name in ("publik", "nothing"):
        with pytest.raises(EvaluationError, match=f"file ':lib.bzl' does not contain symbol '{name}'") as caught:
            run(f"load(':lib.bzl', '{name}')\n", load=library(run))
        assert caught.value.place == Place("x.bzl", 1, 6)
        assert ("did you mean 'public'?" in caught.value.message) == (name == "publik")


def test_what_a_file_made_is_frozen_when_it_ends(run: Run) -> None:
    with pytest.raises(EvaluationError, match="trying to mutate a frozen list value") as caught:
        run("load(':lib.bzl', 'append')\nappend(2)\n", load=library(run))
    assert [str(frame.place) for frame in caught.value.stack] == ["x.bzl:2:7", "lib.bzl:4:18"]


def test_functions_are_called_later_by_the_host(run: Run) -> None:
    module = run("def f(x, *args, **kwargs):\n    x.append(len(args) + len(kwargs))\n    return x\n")
    thread = Thread()
    values = List()
    assert call(thread, module.globals["f"], [values, 1], {"k": 2}) is values
    assert values == [2]
    with pytest.raises(EvaluationError, match=r"f\(\) missing 1 required positional argument: x"):
        call(thread, module.globals["f"])
    with pytest.raises(EvaluationError, match="'int' object is not callable"):
        call(thread, 1)


def test_a_failed_call_leaves_the_thread_usable(run: Run) -> None:
    module = run("g = lambda x: 1 // x\ndef f(x):\n    return g(x)\n")
    thread = Thread()
    for _ in range(2):
        with pytest.raises(EvaluationError, match="division by zero"):
            call(thread, module.globals["f"], [0])
    assert call(thread, module.globals["f"], [1]) == 1


def test_two_evaluations_nest_without_sharing_a_stack(run: Run) -> None:
    inner = run("def f():\n    return where()\n", predeclared={"where": Builtin("where", where)}).globals["f"]

    @builtin("other")
    def other() -> object:
        return call(Thread(context="inner"), inner)

    assert run("x = other()\n", predeclared={"other": other}).globals["x"] == ("inner", "x.bzl:2:17", 2)


def where() -> object:
    thread = current_thread()
    return (thread.context, str(thread.caller_place()), len(thread.call_stack()) + 1)


def test_budgets_bound_steps_output_and_memory(run: Run) -> None:
    for source, thread, message in [
        ("x = [y for y in range(1000)]", Thread(step_budget=500), "too many steps"),
        ("def f():\n  for x in range(2000000000):\n    pass\nf()", Thread(step_budget=10_000), "too many steps"),
        ("def f(): pass\ndef g():\n  [f() for _ in range(9)]\ng()", Thread(step_budget=15), "too many steps"),
        ("x = repr(['aaaa'] * 1000)", Thread(output_budget=1000), "the text of this value is too long"),
        ("print('a' * 1000)", Thread(output_budget=100), "the text of this value is too long"),
        ("x = ['a' * 1000 for _ in range(1000)]", Thread(allocation_budget=10_000), "too much memory"),
    ]:
        with pytest.raises(EvaluationError, match=message):
            run(source, thread=thread)


def test_leaving_a_large_loop_early_costs_little(run: Run) -> None:
    source = "def f():\n  for x in range(2000000000):\n    if x == 5:\n      return x\nx = f()"
    assert run(source, thread=Thread(step_budget=100)).globals["x"] == 5


def test_tracebacks_show_source_lines_where_the_host_has_them(run: Run) -> None:
    source = "def f():\n    fail('no')\n\n[f() for _ in [1]]\n"
    thread = Thread(source_line=lambda _, line: source.split("\n")[line - 1])
    with pytest.raises(EvaluationError) as caught:
        run(source, thread=thread)
    assert caught.value.traceback == (
        "Traceback (most recent call last):\n"
        '\tFile "x.bzl", line 4, column 3, in <toplevel>\n'
        "\t\t[f() for _ in [1]]\n"
        '\tFile "x.bzl", line 2, column 9, in f\n'
        "\t\tfail('no')\n"
        "Error in fail: no"
    )
    assert str(caught.value) == "x.bzl:2:9: no\n  in f\n  called from x.bzl:4:3 in <toplevel>"


def test_functions_print_with_the_label_that_the_host_gives() -> None:
    program = compile_program("def f(x):\n    pass\ng = str(f)\n", filename="a/x.bzl", dialect=Dialect.BZL)
    module = execute(program, predeclared={}, load=lambda _: {}, thread=Thread(), label="//a:x.bzl")
    assert module.globals["g"] == "<function f from //a:x.bzl>"


def test_predeclared_names_hide_the_universe(run: Run) -> None:
    assert run("x = len\n", predeclared={"len": 5}).globals["x"] == 5


def test_files_of_one_name_are_still_different_files(run: Run) -> None:
    inner = run("def f(g):\n    return g\n").globals["f"]
    assert run("def f(g):\n    return inner(1)\nx = f(1)\n", predeclared={"inner": inner}).globals["x"] == 1


def test_several_errors_of_a_builtin_keep_their_places(run: Run) -> None:
    @builtin("refuse")
    def refuse() -> None:
        raise SeveralErrors([UserError("one", place=Place("a", 1)), UserError("two", place=Place("b", 2))])

    with pytest.raises(SeveralErrors) as caught:
        run("def f():\n    refuse()\nf()\n", predeclared={"refuse": refuse})
    assert str(caught.value) == "a:1: one\n\nb:2: two\n  in f\n  called from x.bzl:3:2 in <toplevel>"
