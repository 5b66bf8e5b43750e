from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.model.label import InvalidLabel, Label, PackageId, UnknownRepository

HERE = PackageId("", "here/there")
MAPPING = {"": "", "rules": "rules+", "main": ""}


def parse(text: str, mapping: dict[str, str] | None = None) -> Label:
    return Label.parse(text, relative_to=HERE, repository_mapping=mapping)


@pytest.mark.parametrize(
    ("text", "repository", "package", "name"),
    [
        ("//a/b:c", "", "a/b", "c"),
        ("//a/b", "", "a/b", "b"),
        ("//:c", "", "", "c"),
        (":c", "", "here/there", "c"),
        ("c", "", "here/there", "c"),
        ("c/d.py", "", "here/there", "c/d.py"),
        ("@rules//a:b", "rules+", "a", "b"),
        ("@rules", "rules+", "", "rules"),
        ("@@rules+//a", "rules+", "a", "a"),
        ("@//a:b", "", "a", "b"),
        ("@@//a:b", "", "a", "b"),
        ("@main//a:b", "", "a", "b"),
        ("//a:b c+=@~(x)", "", "a", "b c+=@~(x)"),
        ("//a:.", "", "a", "."),
    ],
)
def test_every_spelling_ends_as_one_value(text: str, repository: str, package: str, name: str) -> None:
    assert parse(text, MAPPING) == Label(PackageId(repository, package), name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "//",
        "//a:",
        "//a//b",
        "///a",
        "//a/:b",
        "/a",
        "//a:/b",
        "//a:b/",
        "//a:b//c",
        "//a:../b",
        "//a:b/./c",
        "//a/../b",
        "//a/./b:c",
        "//a:b:c",
        "//a:b\\c",
        "//a:b\nc",
        "//a:\x7f",
        "@@@r//a",
        "@r:a",
        "@r/a",
        "@a b//c",
        "//a\x00:b",
        "//a\x85b:c",
        "//a\u2028b:c",
        "//a\udce4b:c",
    ],
)
def test_malformed_labels_are_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidLabel) as caught:
        parse(text)
    assert f"`{text}`" in str(caught.value)


def test_an_unknown_repository_lists_those_that_are_visible() -> None:
    with pytest.raises(UnknownRepository) as caught:
        parse("@nope//a", MAPPING)
    assert "`@nope`" in str(caught.value) and "@rules" in str(caught.value)


def test_a_label_of_the_main_repository_is_written_without_one() -> None:
    assert str(parse("//a:b")) == "//a:b"
    assert parse("//a:b").canonical == "@@//a:b"
    assert str(parse("@@r//a:b")) == "@@r//a:b"


PARTS = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=4)
REPOSITORIES = st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=4)
PACKAGES = st.lists(PARTS, max_size=3).map("/".join)


@given(REPOSITORIES, PACKAGES, st.lists(PARTS, min_size=1, max_size=3).map("/".join))
def test_what_is_written_is_read_back(repository: str, package: str, name: str) -> None:
    label = Label(PackageId(repository, package), name)
    assert Label.parse(str(label), relative_to=HERE) == label
    assert Label.parse(label.canonical, relative_to=HERE, repository_mapping={}) == label


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        label = parse(text)
    except InvalidLabel:
        return
    assert Label.parse(label.canonical, relative_to=HERE) == label


def test_equal_labels_are_one_object_however_they_were_made() -> None:
    made = Label(PackageId("", "here/there"), "".join(["c", "d"]))
    assert parse("cd") is made and made.sibling("x").sibling("cd") is made
    assert made.package is PackageId("", "/".join(["here", "there"]))
    others = [Label(PackageId("other", "here/there"), "cd"), Label(PackageId("", "here"), "cd"), made.sibling("ce")]
    assert all(one != made for one in others) and len({made, parse("cd"), *others}) == 4


def test_labels_are_in_the_order_of_their_parts() -> None:
    texts = ["@@b//a:a", "//b:a", "//a:b", "//a:a", "@@a//z:z"]
    found = sorted(parse(text) for text in texts)
    assert [str(one) for one in found] == ["//a:a", "//a:b", "//b:a", "@@a//z:z", "@@b//a:a"]
    assert found[0] <= found[0] < found[1]
