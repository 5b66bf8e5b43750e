"""Running programs: positions, loads, freezing, errors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from venvship.errors import Place, SeveralErrors
from venvship.starlark.errors import EvaluationError
from venvship.starlark.execution import Module
from venvship.starlark.thread import Thread

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
