"""Queries that see a few targets and what those need."""

from __future__ import annotations

import pytest
from query_workspace import HERE, MAPPING, workspace

from venvship.errors import UserError
from venvship.model.label import Label, PackageId
from venvship.query.scoped import ScopedAnswer, ScopedQueries

FILES = {
    "app": 'py_binary(name = "app", deps = ["//lib"], compiler = ":tool")\npy_library(name = "tool")\n',
    "lib": 'py_library(name = "lib")\npy_library(name = "other")\n',
}


def asked(expression: str, *options: str, scope: str = "app", strict: bool = True) -> ScopedAnswer:
    queries = ScopedQueries(lambda: workspace(FILES).loader)
    label = Label(PackageId("", scope), scope)
    return queries.answer(expression, [label], home=HERE, mapping=MAPPING, options=options, strict=strict)


def test_the_closure_of_the_scope_is_all_there_is() -> None:
    assert asked("deps(//app)").lines == ("//app:app", "//app:tool", "//lib:lib", "//tools:runtime")
    assert asked("rdeps(//app, //lib)").lines == ("//app:app", "//lib:lib")


def test_options_are_those_of_the_command() -> None:
    assert asked("deps(//app)", "--noimplicit_deps", "--notool_deps").lines == ("//app:app", "//lib:lib")
    assert asked("//lib", "--output=label_kind").lines == ("py_library rule //lib:lib",)


@pytest.mark.parametrize("expression", ["//lib:other", "//lib:all ^ //lib:other", "deps(//lib) + //lib:other"])
def test_what_is_outside_is_refused_by_name(expression: str) -> None:
    with pytest.raises(UserError, match="leads to `//lib:other`, which is not in its scope"):
        asked(expression)


def test_what_is_outside_may_be_left_out() -> None:
    answer = asked("//lib:all", strict=False)
    assert answer.lines == ("//lib:lib",)
    assert answer.skipped == ("the query leads to `//lib:other`, which is not in its scope",)


@pytest.mark.parametrize(
    ("expression", "options", "reason"),
    [
        ("//...", [], "patterns with `...` can't be used"),
        ("deps(", [], "syntax error"),
        ("//app", ["--order_output=no"], "`--order_output=no` is no option"),
        ("//app", ["--output=nonsense"], "`--output=nonsense` is no option"),
    ],
)
def test_what_queries_of_a_build_can_not_say(expression: str, options: list[str], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        asked(expression, *options)


def test_a_scope_that_does_not_load_is_told() -> None:
    with pytest.raises(UserError, match="no such package `//nope`"):
        asked("//app", scope="nope")
