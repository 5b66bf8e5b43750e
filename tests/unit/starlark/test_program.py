"""Checking and compiling files, and keeping the result."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

from venvship.errors import InternalError, Place, SeveralErrors, UserError
from venvship.starlark import program as program_module
from venvship.starlark.errors import StarlarkSyntaxError
from venvship.starlark.execution import Module
from venvship.starlark.host_types import Value
from venvship.starlark.program import Dialect, LoadStatement, Program, compile_program

Run = Callable[..., Module]
Evaluate = Callable[..., Value]


def problems(source: str | bytes, dialect: Dialect = Dialect.BZL) -> list[str]:
    with pytest.raises(SeveralErrors) as caught:
        compile_program(source, filename="x.bzl", dialect=dialect)
    assert all(isinstance(error, StarlarkSyntaxError) for error in caught.value.errors)
    return [str(error) for error in caught.value.errors]


def test_all_problems_are_reported_in_order_of_their_places() -> None:
    source = "x = {1, 2}\nwhile x:\n    pass\ny = x is 1\nx = 3\n"
    assert problems(source) == [
        "x.bzl:1:5: a set display is not supported",
        "x.bzl:2:1: 'while' not supported, use 'for' instead",
        "x.bzl:4:5: 'is' not supported, use '==' instead",
        "x.bzl:5:1: cannot reassign global 'x'\n\nhint: 'x' was declared at x.bzl:1:1",
    ]


def test_columns_count_characters_and_not_bytes(run: Run) -> None:
    assert problems("x = ['é', {1}]") == ["x.bzl:1:11: a set display is not supported"]
    with pytest.raises(UserError) as caught:
        run("x = ['日本', 1 // 0]")
    assert caught.value.place == Place("x.bzl", 1, 14)


def test_loads_are_told_without_running() -> None:
    source = '"""Doc."""\nload("//a:b.bzl", "c", d = "e")\nload(":f.bzl", "g")\n'
    program = compile_program(source, filename="x.bzl", dialect=Dialect.BZL)
    assert program.loads == (
        LoadStatement("//a:b.bzl", (("c", "c"), ("d", "e")), Place("x.bzl", 2, 6)),
        LoadStatement(":f.bzl", (("g", "g"),), Place("x.bzl", 3, 6)),
    )
    assert Program.restore(program.dump()).loads == program.loads


def test_plain_names_to_load_may_follow_renamed_ones() -> None:
    source = """load("//a:b.bzl", "x", c = "d", 'e',  # "f",
    g = "h", \"\"\"i\"\"\", "j")
load = 1"""
    program = compile_program(source.partition("\nload = ")[0], filename="x.bzl", dialect=Dialect.BZL)
    names = (("x", "x"), ("c", "d"), ("e", "e"), ("g", "h"), ("i", "i"), ("j", "j"))
    assert program.loads == (LoadStatement("//a:b.bzl", names, Place("x.bzl", 1, 6)),)
    assert problems(source) == ["x.bzl:3:1: `load` is reserved and can't be used as a name"]
    assert problems('load(":é.bzl", a = "b", "c"); x = {1}') == ["x.bzl:1:35: a set display is not supported"]


def test_a_stored_program_of_another_evaluator_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = compile_program("x = 1", filename="x.bzl", dialect=Dialect.BZL).dump()
    monkeypatch.setattr(program_module, "CACHE_TAG", "other")
    with pytest.raises(InternalError, match="was given to evaluator `other`"):
        Program.restore(data)


def test_a_damaged_stored_program_is_refused() -> None:
    data = compile_program("x = 1", filename="x.bzl", dialect=Dialect.BZL).dump()
    for damaged in (b"", data[: len(data) // 2], b"i\0\0\0\0"):
        with pytest.raises(InternalError, match="a stored program is damaged"):
            Program.restore(damaged)


def test_the_same_source_gives_the_same_bytes() -> None:
    source = "load(':a', 'b')\ndef f(x): return [y for y in x if y in b] + [q, r, s, t]\nz = {'a': 1}\n"
    first, second = (compile_program(source, filename="x.bzl", dialect=Dialect.BZL).dump() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"x = '\xff'", "x.bzl:1: not valid UTF-8"),
        ("x = '\ud800'", "surrogates not allowed"),
        (b"\nx = '\x00'", "x.bzl:2: NUL characters are not allowed"),
        ("x = 1\f", "x.bzl:1: form feeds are not allowed"),
        ("#" * (program_module.MAX_SOURCE_BYTES + 1), "x.bzl: the file is larger than"),
        ("x = " + "9" * 5000, "x.bzl:1: syntax error: Exceeds the limit"),
        ("x = 0x" + "f" * 5000, "x.bzl:1:5: integer literal of more than 8192 bits"),
        ("x = 1e999", "x.bzl:1:5: floating-point literal too large"),
        ("x = " + "(" * 5000, "syntax error: too many nested parentheses"),
        ("x = " + "-" * 50_000 + "1", "nested too deeply"),
        ("x = " + "not " * 50_000 + "1", "nested too deeply"),
        ("x = " + " + ".join(["y"] * 20_000), "nested too deeply"),
        ("x = y" + ".z" * 50_000, "nested too deeply"),
        ("x = y" + "()" * 50_000, "nested too deeply"),
        ("x = " + "lambda: " * 5000 + "1", "nested too deeply"),
        ("x = " + "1 if 2 else " * 20_000 + "3", "nested too deeply"),
        ("x = [1" + " for y in z" * 20_000 + "]", "too many `for` clauses in a comprehension"),
        ("x(" + ",".join(f"a{i}=1" for i in range(6000)) + ")", "more than 5000 named arguments in a call"),
        ("def f(a):\n if a:\n  pass\n" + " elif a:\n  pass\n" * 20_000, "nested too deeply"),
        ("".join(" " * i + "if x:\n" for i in range(200)), "syntax error: too many levels of indentation"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_sources_that_would_break_a_compiler_are_refused(source: str | bytes, message: str) -> None:
    assert any(message in problem for problem in problems(source))


@pytest.mark.parametrize(
    "source",
    [
        "x = " + " + ".join(["1"] * 300),
        "x = " + " or ".join(["0"] * 20_000),
        "x = [" + ",".join(["1"] * 50_000) + "]",
        "x = {" + ",".join(f"'k{i}': 1" for i in range(20_000)) + "}",
        "def f(a):\n  if a == 0:\n    pass\n" + "".join(f"  elif a == {i}:\n    pass\n" for i in range(300)),
        "\n" * 100_000 + "x = 1",
        "# comment\r\nx = 1\r\n",
        "\ufeffx = 1",
    ],
    ids=range(8),
)
def test_long_but_honest_sources_run(run: Run, source: str) -> None:
    run(source)


def test_compiling_never_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        problems(r"x = '\d' + '\8'")
        problems("x = 1if 2 else 3")
        problems("x = 1 is 1")
        compile_program("x = 'a' == 'a'\ny = [1][0]\nz = (1 == 'a')\n", filename="x", dialect=Dialect.BZL)


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("x = 1 + None", 1, 7),
        ("x = None[\n  0\n]", 1, 9),
        ("x = (1\n  // 0)", 2, 3),
        ("x = len(\n  None)", 1, 8),
        ("x = ''.nope", 1, 7),
        ("x = ''\\\n.join(5)", 2, 6),
        ("x = -None", 1, 5),
        ("x = (len) (5)", 1, 11),
        ("a, b = 5", 1, 6),
        ("x = [y for y in 5]", 1, 17),
        ("def f(x):\n    for y in x:\n        pass\nf(5)", 2, 5),
        ("def f(x):\n    x[0] += 'a'\nf([1])", 2, 10),
        ("x = {\n  'a': 1,\n  'a': 2,\n}", 1, 5),
    ],
)
def test_a_failure_points_at_its_operator(run: Run, source: str, line: int, column: int) -> None:
    with pytest.raises(UserError) as caught:
        run(source)
    assert caught.value.place == Place("x.bzl", line, column)
