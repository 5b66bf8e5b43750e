from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.query.expression import (
    Call,
    Combination,
    Expression,
    Let,
    Operator,
    Patterns,
    QuerySyntaxError,
    Variable,
    Word,
    parse_query,
    unparse,
)

A, B, C = Word("//a"), Word("//b"), Word("//c")


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("//a", A),
        ('"//a b:c"', Word("//a b:c")),
        ("'//a'", A),
        ("//a + //b - //c", Combination(A, ((Operator.UNION, B), (Operator.EXCEPT, C)))),
        ("//a union //b except //c", Combination(A, ((Operator.UNION, B), (Operator.EXCEPT, C)))),
        ("//a ^ (//b + //c)", Combination(A, ((Operator.INTERSECT, Combination(B, ((Operator.UNION, C),))),))),
        ("//a-b:c", Word("//a-b:c")),
        ("deps(//a)-//b", Combination(Call("deps", (A,)), ((Operator.EXCEPT, B),))),
        ("@@rules+//a + //b", Combination(Word("@@rules+//a"), ((Operator.UNION, B),))),
        ("deps(//a, 2)", Call("deps", (A, 2))),
        ("kind('py_.* rule', //...)", Call("kind", ("py_.* rule", Word("//...")))),
        ("attr(tags, '[[ ]x[,\\]]', :*)", Call("attr", ("tags", "[[ ]x[,\\]]", Word(":*")))),
        ("set(//a 'b' c/...)", Patterns(("//a", "b", "c/..."))),
        ("set()", Patterns(())),
        ("let v = //a in $v + //b", Let("v", A, Combination(Variable("v"), ((Operator.UNION, B),)))),
        ("rbuildfiles(a/BUILD, b/BUILD)", Call("rbuildfiles", ("a/BUILD", "b/BUILD"))),
        ("deps(//a) # why\n + //b", Combination(Call("deps", (A,)), ((Operator.UNION, B),))),
        ("'set'", Word("set")),
    ],
)
def test_a_text_is_read_as_an_expression(text: str, expression: Expression) -> None:
    assert parse_query(text) == expression


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "something is missing at the end"),
        ("deps(", "something is missing at the end"),
        ("deps(//a", "`)` is missing"),
        ("deps(//a, x)", "argument 2 of `deps` is a number"),
        ("deps(//a, 1, 2)", "`deps` takes at most 2 arguments"),
        ("rdeps(//a)", "`rdeps` needs 2 arguments"),
        ("dep(//a)", "there is no function `dep`"),
        ("//a //b", "unexpected `//b` after the expression"),
        ("//a +", "something is missing at the end"),
        ("union", "unexpected `union`"),
        ("'//a", "quotation mark is not closed"),
        ("//a & //b", "unexpected `&`"),
        ("let v //a in $v", "`=` is missing"),
        ("let v = //a", "`in` is missing"),
        ("let 'a b' = //a in //b", "`let` needs a name"),
        ("set(//a, //b)", "blanks between them"),
        ("-//a", "unexpected `-`"),
        ("'-//a'", "begins with `-`"),
        ("(" * 500 + "//a" + ")" * 500, "nested more than"),
    ],
)
def test_a_syntax_error_says_where_and_why(text: str, reason: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_query(text)
    assert reason in caught.value.message
    assert len(caught.value.message) < 200


def test_a_misspelt_function_has_a_hint() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_query("rdep(//a, //b)")
    assert caught.value.hint is not None
    assert "`rdeps`" in caught.value.hint


WORDS = st.text(alphabet="ab/:.*@$~[]_ -+", min_size=1, max_size=8).filter(lambda text: not text.startswith("-"))
EXPRESSIONS = st.recursive(
    st.builds(Word, WORDS) | st.builds(Patterns, st.lists(WORDS, max_size=3).map(tuple)),
    lambda inner: st.one_of(
        st.builds(
            Combination,
            inner,
            st.lists(st.tuples(st.sampled_from(Operator), inner), min_size=1, max_size=3).map(tuple),
        ),
        st.builds(Let, st.just("v"), inner, st.just(Variable("v")) | inner),
        st.builds(lambda one, depth: Call("deps", (one, depth)), inner, st.integers(0, 999)),
        st.builds(lambda word, one: Call("kind", (word, one)), WORDS, inner),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_an_expression_survives_being_written_and_read(expression: Expression) -> None:
    assert parse_query(unparse(expression)) == expression


@given(st.text(alphabet="ab/()+-^=,'\" setlin$@", max_size=30))
def test_any_text_is_a_query_or_a_syntax_error(text: str) -> None:
    try:
        expression = parse_query(text)
    except QuerySyntaxError as error:
        assert 0 <= error.position <= len(text)
    else:
        assert parse_query(unparse(expression)) == expression


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("bad(//...)", ": at `bad(//...)`"),
        ("deps(//:b", ": after `deps(//:b`"),
        ("deps(//a) bad(//b)", ": after `deps(//a) `, at `bad(//b)`"),
        ("", "end"),
    ],
)
def test_a_place_in_a_query_is_shown_by_what_is_there(text: str, place: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_query(text)
    assert caught.value.message.endswith(place)
    assert "``" not in caught.value.message
