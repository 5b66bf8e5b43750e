from __future__ import annotations

import pytest
from loading_workspace import package

from venvship.loading.attributes import DEFAULT_CONDITION, AttributeSpec, AttributeType, Choice, Select, labels_in
from venvship.model.label import Label, PackageId

P = PackageId("", "p")


def label(name: str) -> Label:
    return Label(P, name)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ('text = "b"', "b"),
        ('texts = ["x", "y"]', ("x", "y")),
        ('texts = ("x",)', ("x",)),
        ('texts = {"x": 1, "y": 2}', ("x", "y")),
        ('texts = set(["x", "y"])', ("x", "y")),
        ("numbers = range(3)", (0, 1, 2)),
        ('text_lists = {"a": {"1": None}}', {"a": ("1",)}),
        ('labels = {"x": None, "//p:y": None}', (label("x"), label("y"))),
        ('text_dict = {"a": "1"}', {"a": "1"}),
        ('text_lists = {"a": ["1", "2"]}', {"a": ("1", "2")}),
        ('label = ":x"', label("x")),
        ('label = "//q"', Label(PackageId("", "q"), "q")),
        ('labels = ["x", "//p:y"]', (label("x"), label("y"))),
        ('label_values = {"k": "x"}', {"k": label("x")}),
        ('label_keys = {"x": "v"}', {label("x"): "v"}),
        ("flag = False", False),
        ("flag = 1", True),
        ("number = -3", -3),
        ("numbers = [1, 2]", (1, 2)),
        ('out = "o"', label("o")),
    ],
)
def test_values_take_the_type_of_their_attribute(given: str, value: object) -> None:
    target = package(f'values(name = "v", {given})').rule("p", "v")
    assert target.value(given.partition(" ")[0]) == value


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("text = 1", "expected value of type 'string' for attribute 'text' in 'values' rule, but got 1 (int)"),
        ('texts = "x"', "expected value of type 'list(string)'"),
        ('texts = ["a", 1]', "expected value of type 'string' for element 1 of attribute 'texts'"),
        ("text_dict = []", "expected value of type 'dict(string, string)'"),
        ('text_dict = {"a": 1}', "expected value of type 'string' for dict value element of attribute 'text_dict'"),
        ('text_dict = {1: "a"}', "expected value of type 'string' for dict key element of attribute 'text_dict'"),
        ('text_lists = {"a": "b"}', "expected value of type 'list(string)'"),
        ("flag = 2", "boolean is not one of [0, 1]"),
        ('flag = "yes"', "expected value of type 'boolean'"),
        ("number = True", "expected value of type 'int'"),
        ("number = 1 << 40", "want value in signed 32-bit range"),
        ('labels = ["x", ":x"]', "label '//p:x' is duplicated in the attribute 'labels'"),
        ('label_keys = {"x": "1", ":x": "2"}', "a label is duplicated"),
        ('label = ""', "invalid label ``"),
        ('out = "//q:o"', "is not in the current package"),
        ('fixed = select({":c": "a"})', 'attribute "fixed" is not configurable'),
        ('text = select({":c": "z"})', "has to be one of 'a' or 'b' instead of 'z'"),
        ('text = "aa"', "instead of 'aa'\n\nhint: did you mean `a`?"),
        ('text = select({":c": ["a"]})', "expected value of type 'string'"),
        ('text = select({":c": "a", "//p:c": "b"})', "a condition of the select() for attribute 'text' is named twice"),
        ('text = select({"//x:y:z": "a"})', "invalid label `//x:y:z`"),
        ("texts = [1] * 1000 + [[]]", "expected value of type 'string' for element 0"),
    ],
)
def test_values_that_do_not_fit_are_refused(given: str, message: str) -> None:
    problems = package(f'values(name = "v", {given})').problems("p")
    assert problems.startswith("p/BUILD.bazel:1:7: //p:v: ")
    assert message in problems


def test_choices_stay_open() -> None:
    target = package(
        'values(name = "v", labels = ["a"] + select({":c": ["b"], "//q:d": None, "//conditions:default": []}, '
        'no_match_error = "sorry") + ["e"])'
    ).rule("p", "v")
    value = target.value("labels")
    assert value == Select(
        (
            (label("a"),),
            Choice(
                {label("c"): (label("b"),), Label(PackageId("", "q"), "d"): None, DEFAULT_CONDITION: ()},
                "sorry",
            ),
            (label("e"),),
        )
    )
    assert isinstance(value, Select)
    assert value.conditions == (label("c"), Label(PackageId("", "q"), "d"))


def test_dictionaries_join_with_a_bar() -> None:
    target = package('values(name = "v", text_dict = {"a": "1"} | select({":c": {"b": "2"}}))').rule("p", "v")
    assert target.value("text_dict") == Select(({"a": "1"}, Choice({label("c"): {"b": "2"}})))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("select({})", "can never resolve"),
        ('select({":a": 1}) + ["x"]', "'+' operator applied to incompatible types (select of int, list)"),
        ('select({":a": {}}) + {}', "'+' operator applied to incompatible types"),
        ('select({":a": []}) | []', "'|' operator applied to incompatible types"),
        ('select({":a": [], ":b": "x"})', "'select' values must be of one type"),
        ("select({1: []})", "got int for dict key"),
        ('len(select({":a": []}))', "select"),
        ('[x for x in select({":a": []})]', "not iterable"),
    ],
)
def test_choices_refuse_what_they_cannot_be(expression: str, message: str) -> None:
    assert message in package(f"x = {expression}").problems("p")


def test_choices_print_as_they_were_written() -> None:
    workspace = package('print(select({":x1": ["one"]}) + ["y"], type(select({":a": 1})))')
    workspace.load("p")
    assert workspace.printed == ['p/BUILD.bazel:1:6: select({":x1": ["one"]}) + ["y"] select']


def test_a_list_that_grows_later_does_not_grow_in_a_choice() -> None:
    workspace = package('l = ["a"]\ns = select({":c": []}) + l\nl.append("b")\nvalues(name = "v", texts = s)')
    assert workspace.rule("p", "v").value("texts") == Select((Choice({label("c"): ()}), ("a",)))


def test_labels_are_found_in_any_value() -> None:
    assert labels_in((label("a"), label("b"))) == (label("a"), label("b"))
    assert labels_in({label("a"): "x"}) == (label("a"),)
    assert labels_in({"x": label("a")}) == (label("a"),)
    assert labels_in(label("a")) == (label("a"),)
    assert labels_in(None) == labels_in("a") == labels_in(True) == ()


def test_files_are_allowed_by_suffix() -> None:
    def spec(allow_files: bool | tuple[str, ...]) -> AttributeSpec:
        return AttributeSpec("x", AttributeType.LABEL, allow_files=allow_files)

    assert [spec(kind).allows_file("a.py") for kind in (True, False, (".py",), (".txt",), ())] == [
        True,
        False,
        True,
        False,
        False,
    ]
