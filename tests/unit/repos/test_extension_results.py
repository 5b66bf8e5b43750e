from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.errors import Place
from venvship.loading.attributes import AttributeSpec, AttributeType, PlainValue
from venvship.loading.repository_rule import RepositoryCall, RepositoryRule
from venvship.model.label import Label, PackageId
from venvship.repos.extension_results import decode_calls, encode_calls

FILE = Label(PackageId("mod", "pkg"), "rules.bzl")
RULE = RepositoryRule(None, {"value": AttributeSpec("value", AttributeType.STRING)}, (), local=False)
RULE.export(FILE, "_rule")


def find(file: Label, name: str) -> object:
    return RULE if (file, name) == (FILE, "_rule") else None


def call(value: PlainValue) -> RepositoryCall:
    return RepositoryCall(RULE, "r", {"value": value}, Place("MODULE.bazel", 3, 1))


LABELS = st.sampled_from([Label(PackageId("a+e+b", "p/q"), "x/y.txt"), Label(PackageId("", ""), "z")])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.text(),
    LABELS,
    st.lists(st.text()).map(tuple),
    st.lists(LABELS).map(tuple),
    st.dictionaries(st.text(), st.text()),
    st.dictionaries(st.text(), st.lists(st.text()).map(tuple)),
    st.dictionaries(LABELS, st.text()),
    st.dictionaries(st.text(), LABELS),
)


@given(VALUES)
def test_calls_come_back_as_they_were(value: PlainValue) -> None:
    decoded = decode_calls(encode_calls({"r": call(value)}), find)
    assert decoded is not None
    assert decoded["r"].attributes == {"value": value}
    assert type(decoded["r"].attributes["value"]) is type(value)
    assert (decoded["r"].rule, decoded["r"].name, decoded["r"].place) == (RULE, "r", Place("MODULE.bazel", 3, 1))


def test_a_rule_that_is_gone_or_has_changed_gives_nothing() -> None:
    text = encode_calls({"r": call("v")})
    assert decode_calls(text, lambda file, name: None) is None
    other = RepositoryRule(None, {"new": AttributeSpec("new", AttributeType.STRING)}, (), local=False)
    other.export(FILE, "_rule")
    assert decode_calls(text, lambda file, name: other) is None


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"name": "r"}]', '{"a": 1}', "null"])
def test_damaged_text_gives_nothing(text: str) -> None:
    assert not decode_calls(text, find)
