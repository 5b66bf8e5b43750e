"""Properties of values, and sources that try to break the process."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from venvship.errors import UserError
from venvship.starlark.conversion import from_host, to_host
from venvship.starlark.execution import Module
from venvship.starlark.host_types import TYPES, Value
from venvship.starlark.program import Dialect
from venvship.starlark.thread import Thread
from venvship.starlark.universe import UNIVERSE

Run = Callable[..., Module]
Evaluate = Callable[..., Value]

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
indexes = st.one_of(st.none(), st.integers(-15, 15))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@shared
@given(texts, indexes, indexes, indexes.filter(lambda step: step != 0))
def test_slices_are_pythons(
    evaluate: Evaluate, text: str, start: int | None, stop: int | None, step: int | None
) -> None:
    def bound(value: int | None) -> str:
        return "" if value is None else str(value)

    expression = f"s[{bound(start)}:{bound(stop)}:{bound(step)}]"
    for sequence in (text, list(text), tuple(text)):
        assert to_host(evaluate(expression, s=from_host(sequence))) == sequence[start:stop:step]


@shared
@given(st.integers(-(10**30), 10**30), st.integers(-(10**30), 10**30))
def test_integer_arithmetic_is_pythons(evaluate: Evaluate, a: int, b: int) -> None:
    found = evaluate("(a + b, a - b, a * b, a & b, a | b, a ^ b, ~a, -a, a < b, a == b)", a=a, b=b)
    assert found == (a + b, a - b, a * b, a & b, a | b, a ^ b, ~a, -a, a < b, a == b)
    if b:
        assert evaluate("(a // b, a % b)", a=a, b=b) == (a // b, a % b)


@shared
@given(st.lists(st.integers(-5, 5) | st.floats(allow_nan=False)), st.booleans())
def test_sorting_is_stable_as_pythons(evaluate: Evaluate, values: list[float], reverse: bool) -> None:
    assert to_host(evaluate("sorted(v, reverse = r)", v=from_host(values), r=reverse)) == sorted(
        values, reverse=reverse
    )


@shared
@given(json_values)
def test_repr_reads_back(evaluate: Evaluate, value: object) -> None:
    original = from_host(value)
    text = evaluate("repr(x)", x=original)
    # Control characters print as escapes that the language itself refuses to read.
    if "\\x" not in text:
        assert evaluate(f"x == {text}", x=original)


@shared
@given(json_values)
def test_json_reads_back_and_is_json(evaluate: Evaluate, value: object) -> None:
    original = from_host(value)
    assert evaluate("json.decode(json.encode(x)) == x", x=original)
    assert json.loads(evaluate("json.encode(x)", x=original)) == value
    assert json.loads(evaluate("json.encode_indent(x)", x=original)) == value


@shared
@given(st.lists(st.tuples(st.sampled_from([True, False, 0, 1, 2, "0", "1", None, (1,), (True,), (0, (True,))]), texts)))
def test_booleans_and_numbers_are_different_keys(evaluate: Evaluate, pairs: list[tuple[Value, str]]) -> None:
    model: dict[str, tuple[Value, str]] = {}
    for key, value in pairs:
        model[repr(key)] = (key, value)
    found = evaluate("dict(pairs).items()", pairs=from_host(pairs))
    assert [(repr(key), value) for key, value in found] == [(name, value) for name, (_, value) in model.items()]


@shared
@given(st.text(max_size=200))
def test_any_text_is_a_program_or_a_user_error(run: Run, source: str) -> None:
    for dialect in Dialect:
        try:
            run(source, dialect=dialect, thread=Thread(step_budget=10_000))
        except UserError:
            continue


tokens = st.sampled_from(
    [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        ".",
        ";",
        "=",
        "==",
        "!=",
        "<",
        ">=",
        "in",
        "not",
        "and",
        "or",
        "if",
        "else",
        "for",
        "def",
        "return",
        "lambda",
        "pass",
        "break",
        "*",
        "**",
        "+",
        "-",
        "/",
        "//",
        "%",
        "&",
        "|",
        "^",
        "~",
        "<<",
        ">>",
        "+=",
        "x",
        "y",
        "f",
        "__builtins__",
        "__class__",
        "None",
        "True",
        "0",
        "1",
        "1.5",
        "'a'",
        '"b"',
        "'%s'",
        "'{}'",
        "len",
        "str",
        "list",
        "dict",
        "print",
        "struct",
        "json",
        "getattr",
        "sorted",
        "range",
        "type",
        "import",
        "class",
        "yield",
        "load",
        "fail",
        "@",
        ":=",
        "->",
        "...",
        "\n",
        "\n\t",
        "\n",
        "",
        "",
        "\\\n",
        "#",
        "é",
    ]
)


@shared
@given(st.lists(tokens, max_size=30))
def test_any_row_of_tokens_is_a_program_or_a_user_error(run: Run, words: list[str]) -> None:
    try:
        run(" ".join(words), thread=Thread(step_budget=10_000))
    except UserError:
        return


names = sorted(
    {"__class__", "__dict__", "__globals__", "__call__", "mro", "gi_frame", "func", "function", "receiver", "fields"}
    | {method for host_type in TYPES.values() for method in host_type.methods}
)
ATOMS = """
None True False 0 1 -1 2 1.5 float('nan') 1<<100 '' 'a' 'a,b' '{}' '%s' '{x}' [] [1] [True,1] ['b','a'] () (1,)
(1,(True,)) {} {'a':1} {1:2,True:3} set() set([1,True]) struct() struct(a=1) struct(a=[1]) json len str range(3) x y
''.upper [].append (lambda:1) (lambda\tx:x)
"""
atoms = st.sampled_from(ATOMS.replace(" ", "\n").replace("\t", " ").split("\n")).filter(bool)
functions = st.sampled_from(sorted(name for name in UNIVERSE if name not in ("None", "True", "False", "json")))
operators = st.sampled_from([*"+ - * / // % & | ^ << >> == != < > <= >= in and or".split(), "not in"])  # noqa: SIM905


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arguments = st.lists(
        inner | st.builds("{}={}".format, st.sampled_from(["x", "key", "sep", "default", "reverse"]), inner), max_size=3
    ).map(lambda parts: ",".join(sorted(parts, key=lambda part: "=" in part[:8] and part[:1].isalpha())))
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, inner),
        st.builds("{}({})".format, functions, arguments),
        st.builds("({}).{}({})".format, inner, st.sampled_from(names), arguments),
        st.builds("({}).{}".format, inner, st.sampled_from(names)),
        st.builds("({})({})".format, inner, arguments),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("({})[{}:{}]".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("{{{}: {}}}".format, inner, inner),
        st.builds("[({}) for x in {}]".format, inner, inner),
        st.builds("[x for x, y in {} if {}]".format, inner, inner),
        st.builds("{{x: {} for x in {}}}".format, inner, inner),
        st.builds("(lambda x, y=0: {})({})".format, inner, arguments),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("len(*{}, **{})".format, inner, inner),
    )


@shared
@given(st.recursive(atoms, compound, max_leaves=8))
def test_any_expression_has_a_value_or_a_user_error(evaluate: Evaluate, expression: str) -> None:
    thread = Thread(step_budget=20_000, output_budget=20_000, allocation_budget=200_000)
    try:
        evaluate(f"[str(v) for v in [{expression}]]", thread=thread, x=1, y="y")
    except UserError:
        return
