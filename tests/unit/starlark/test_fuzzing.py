"""Programs, formats and JSON made at random: values or errors of the user come out, and nothing else.

An exception of Python, an internal error or an endless run fails a test; budgets are small, so that each run ends soon.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loading_workspace import LoadingWorkspace

from venvship.errors import UserError
from venvship.rules.catalogue import native_rules
from venvship.starlark.execution import Module
from venvship.starlark.host_types import Value
from venvship.starlark.thread import Thread
from venvship.starlark.universe import UNIVERSE

Run = Callable[..., Module]
Evaluate = Callable[..., Value]

PROJECT = Path(__file__).resolve().parents[3]

shared = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    deadline=None,
)


def small_thread() -> Thread:
    return Thread(step_budget=20_000, output_budget=20_000, allocation_budget=200_000)


def lines(*parts: str) -> Callable[..., str]:
    """A builder that puts blocks, indented once more, where the parts say `{block}`."""

    def build(**given: str) -> str:
        block = given.get("block", "pass")
        given["block"] = "\n".join(f"  {line}" for line in block.split("\n"))
        return "\n".join(parts).format(**given)

    return build


names = st.sampled_from(["a", "b", "c", "f", "g", "len", "_"])
OPERANDS = "a b c f g 0 1 -1 2.5 'x' '' [] [1,2] {} {'k':1} () (1,) None True struct(a=1)"
METHODS = "append extend pop insert clear get items update setdefault split join format a __class__"
operands = st.sampled_from(OPERANDS.split())
functions = st.sampled_from(sorted(name for name in UNIVERSE if name not in ("None", "True", "False", "json")))
operators = st.sampled_from([*"+ - * / // % & | ^ << >> == != < > <= >= in and or".split(), "not in"])  # noqa: SIM905
methods = st.sampled_from(METHODS.split())
targets = st.sampled_from(["a", "b", "a, b", "(a, (b, c))", "[a, b]", "a[0]", "a['k']", "a[0], b", "a.b", "()"])
parameters = st.sampled_from(["", "a", "a, b = 1", "*a", "*, a", "**a", "a, *b, c = 2, **g", "a = [], b = {}"])


def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arguments = st.sampled_from(["{}", "{}, {}", "*{}", "**{}", "a = {}", "{}, b = {}", "{}, *{}, **{}"]).flatmap(
        lambda form: st.tuples(*[inner] * form.count("{}")).map(lambda parts: form.format(*parts))
    )
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("{}({})".format, functions | names, arguments),
        st.builds("({}).{}({})".format, inner, methods, arguments),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("[{} for {} in {} if {}]".format, inner, targets, inner, inner),
        st.builds("{{{}: {} for {} in {}}}".format, inner, inner, names, inner),
        st.builds("(lambda {}: {})".format, parameters, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[{}, ({}, {})]".format, inner, inner, inner),
    )


expressions = st.recursive(operands, wider, max_leaves=5)
simple = st.one_of(
    expressions,
    st.builds("{} = {}".format, targets, expressions),
    st.builds("{} {}= {}".format, targets, st.sampled_from(list("+-*%|&^")), expressions),
    st.builds("return {}".format, expressions),
    st.sampled_from(["pass", "break", "continue", "return"]),
)


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    block = st.lists(inner, min_size=1, max_size=4).map("\n".join)
    return st.one_of(
        block,
        st.builds(lines("def {name}({parameters}):", "{block}"), name=names, parameters=parameters, block=block),
        st.builds(lines("for {target} in {values}:", "{block}"), target=targets, values=expressions, block=block),
        st.builds(lines("if {test}:", "{block}"), test=expressions, block=block),
        st.builds(lines("if {test}:", "  pass", "else:", "{block}"), test=expressions, block=block),
    )


statements = st.recursive(simple, compound, max_leaves=12)


@shared
@given(st.lists(statements, min_size=1, max_size=4))
def test_any_program_ends_with_values_or_a_user_error(run: Run, parts: list[str]) -> None:
    body = "\n".join("  " + line for part in parts for line in part.split("\n"))
    source = f"def main(a, b = 2, *c):\n{body}\nx = main([1], {{'k': [2]}}, 3)\ny = repr(x)\n"
    try:
        run(source, thread=small_thread())
    except UserError:
        return


def real_files() -> list[str]:
    found = [*PROJECT.glob("examples/**/BUILD.bazel"), *PROJECT.glob("src/venvship/modules/builtin/**/*.bzl")]
    return [path.read_text(encoding="utf-8") for path in sorted(found) if path.is_file()]


FILES = real_files()
PIECES = [re.findall(r"\w+|\s+|.", text) for text in FILES]
SCRAPS = "( ) [ ] { } , : = \" ''' \\ * ** % . é # 0 if def return load glob select filegroup name None lambda:"
scraps = st.sampled_from([*SCRAPS.split(), "\n", "\t", "    ", "for x in y", "def f():"])


@shared
@given(st.data())
def test_a_mutated_file_is_a_package_or_a_user_error(data: st.DataObject) -> None:
    pieces = list(data.draw(st.sampled_from(PIECES)))
    for _ in range(data.draw(st.integers(1, 6))):
        at, end = sorted(data.draw(st.integers(0, len(pieces))) for _ in range(2))
        match data.draw(st.sampled_from(["insert", "delete", "copy", "swap"])):
            case "insert":
                pieces.insert(at, data.draw(scraps))
            case "delete":
                del pieces[at : min(end, at + 5)]
            case "copy":
                pieces[at:at] = pieces[at : min(end, at + 40)]
            case _:
                pieces[at:end] = reversed(pieces[at:end])
    text = "".join(pieces)
    workspace = LoadingWorkspace(
        {"p/BUILD.bazel": text, "q/BUILD.bazel": 'load(":d.bzl", "x")', "q/d.bzl": text}, rules=native_rules()
    )
    workspace.problems("p")
    workspace.problems("q")


FIELDS = "{ } {} {0} {1} {a} {a.b} {a[0]} {!r} {:d} {-1} x é . ["
patterns = st.lists(st.sampled_from([*FIELDS.split(), "{ }"])).map("".join)
values = st.sampled_from(["1", "'s'", "None", "[1]", "(1, 2)", "{}", "1.5", "float('nan')", "len", "struct(a = 1)"])


@shared
@given(patterns, st.lists(values, max_size=3))
def test_any_format_gives_text_or_a_user_error(evaluate: Evaluate, pattern: str, arguments: list[str]) -> None:
    try:
        text = evaluate(f"p.format({', '.join([*arguments, 'a = 5'])})", p=pattern, thread=small_thread())
    except UserError:
        return
    assert type(text) is str


CONVERSIONS = "% %% %s %d s r d o x X e E f F g G i c a 5 - + ( ) é"
conversions = st.lists(st.sampled_from(CONVERSIONS.split())).map("".join)


@shared
@given(conversions, st.lists(values, max_size=3))
def test_any_interpolation_gives_text_or_a_user_error(evaluate: Evaluate, pattern: str, arguments: list[str]) -> None:
    operand = f"({''.join(argument + ',' for argument in arguments)})"
    try:
        text = evaluate(f"p % {operand}", p=pattern, thread=small_thread())
    except UserError:
        return
    assert type(text) is str


JSON_TOKENS = r"""[ ] { } , : " 1 -1 0 01 1.5 1e9 1e999 -0 . null true fals NaN Infinity "a" "\u0 "\n" """
json_texts = st.lists(st.sampled_from(JSON_TOKENS.split()) | st.text(max_size=2)).map("".join)


@shared
@given(json_texts)
def test_any_text_is_json_or_is_refused_at_a_place_in_it(evaluate: Evaluate, text: str) -> None:
    for call in ("json.encode(json.decode(t))", "json.indent(t)"):
        try:
            evaluate(call, t=text, thread=small_thread())
        except UserError as error:
            place = re.match(r"at offset (\d+), ", error.message)
            assert place is None or int(place[1]) <= len(text)
