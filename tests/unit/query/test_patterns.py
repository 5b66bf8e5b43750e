from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.errors import UserError
from venvship.model.label import InvalidLabel, Label, PackageId, UnknownRepository
from venvship.query.patterns import (
    InvalidPattern,
    Matched,
    OneTarget,
    PathInWorkspace,
    TargetsBelow,
    TargetsIn,
    parse_pattern,
)

MAPPING = {"": "", "pypi": "hub"}


def parse(text: str, here: str = "") -> Matched:
    return parse_pattern(text, relative_to=PackageId("", here), mapping=MAPPING).matched


def one(package: str, name: str, repository: str = "") -> OneTarget:
    return OneTarget(Label(PackageId(repository, package), name))


@pytest.mark.parametrize(
    ("text", "here", "matched"),
    [
        ("//a/b:c", "", one("a/b", "c")),
        ("//a/b", "", one("a/b", "b")),
        ("//:c", "x", one("", "c")),
        (":c", "x/y", one("x/y", "c")),
        ("a:c", "x", one("x/a", "c")),
        ("a/b:d/e.txt", "", one("a/b", "d/e.txt")),
        ("@pypi//numpy", "", one("numpy", "numpy", "hub")),
        ("@pypi//numpy:pkg", "", one("numpy", "pkg", "hub")),
        ("@@canonical//a:b", "", one("a", "b", "canonical")),
        ("@@//a:b", "x", one("a", "b")),
        ("//a:all", "", TargetsIn(PackageId("", "a"), "all")),
        ("//a:*", "", TargetsIn(PackageId("", "a"), "*")),
        ("//a:all-targets", "", TargetsIn(PackageId("", "a"), "all-targets")),
        ("//:all", "x", TargetsIn(PackageId("", ""), "all")),
        (":all", "x", TargetsIn(PackageId("", "x"), "all")),
        ("a:all", "x", TargetsIn(PackageId("", "x/a"), "all")),
        ("//...", "x", TargetsBelow("", "", True)),
        ("//a/...", "x", TargetsBelow("", "a", True)),
        ("//a/...:all", "", TargetsBelow("", "a", True)),
        ("//a/...:*", "", TargetsBelow("", "a", False)),
        ("//...:all-targets", "", TargetsBelow("", "", False)),
        ("...", "x/y", TargetsBelow("", "x/y", True)),
        ("a/...", "x", TargetsBelow("", "x/a", True)),
        ("./...", "x", TargetsBelow("", "x", True)),
        ("@pypi//...", "", TargetsBelow("hub", "", True)),
        ("@pypi//a/...", "", TargetsBelow("hub", "a", True)),
        ("a", "x", PathInWorkspace("x/a")),
        ("a/b.py", "x", PathInWorkspace("x/a/b.py")),
        ("../a/b.py", "x", PathInWorkspace("a/b.py")),
        (".", "x", PathInWorkspace("x")),
        ("a/", "x", PathInWorkspace("x/a")),
    ],
)
def test_a_pattern_means_targets_here(text: str, here: str, matched: Matched) -> None:
    assert parse(text, here) == matched


def test_a_leading_minus_subtracts() -> None:
    pattern = parse_pattern("-//a/...", relative_to=PackageId("", ""), mapping=MAPPING)
    assert (pattern.is_negative, pattern.matched, pattern.is_wildcard) == (True, TargetsBelow("", "a", True), True)


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("", InvalidPattern, "no target is named"),
        ("-", InvalidPattern, "no target is named"),
        ("/etc/passwd", InvalidPattern, "paths start at the current directory"),
        ("../../x", InvalidPattern, "leads out of the workspace"),
        ("//a/...:b", InvalidPattern, "only `:all` and `:\\*` can follow"),
        ("//a//b", InvalidLabel, "empty"),
        ("//a:b:c", InvalidLabel, "malformed|not allowed"),
        ("//", InvalidLabel, "empty target name"),
        ("@nowhere//a", UnknownRepository, "no repository `@nowhere` is visible"),
    ],
)
def test_a_malformed_pattern_is_refused_with_a_reason(text: str, kind: type[UserError], reason: str) -> None:
    with pytest.raises(kind, match=reason):
        parse(text, "x")


@given(st.text(alphabet="/:.@-*ab ", max_size=12), st.sampled_from(["", "x", "x/y"]))
def test_any_text_is_a_pattern_or_the_users_error(text: str, here: str) -> None:
    try:
        matched = parse(text, here)
    except UserError:
        return
    if isinstance(matched, PathInWorkspace):
        assert ".." not in matched.path.split("/")
        assert not matched.path.startswith("/")


@pytest.mark.parametrize("text", ["//a\\b:all", "//a\\b/...", "a\\b:all", "a\\b:c", "@pypi//a\\b:*"])
def test_a_refused_package_is_told_as_it_was_written(text: str) -> None:
    with pytest.raises(InvalidLabel) as caught:
        parse_pattern(text, relative_to=PackageId("", ""), mapping={"": "", "pypi": "hub"})
    assert caught.value.message.startswith(f"invalid label `{text}`: malformed package name")


@pytest.mark.parametrize("text", ["//pä/日本:bön", "pä/日本:bön"])
def test_names_may_have_letters_of_any_language(text: str) -> None:
    pattern = parse_pattern(text, relative_to=PackageId("", ""), mapping={"": ""})
    assert pattern.matched == OneTarget(Label(PackageId("", "pä/日本"), "bön"))
