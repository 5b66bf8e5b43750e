from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.model.paths import basename, is_inside, join, normalise, parent, relative_link

NAMES = st.text(st.sampled_from("abc-"), min_size=1, max_size=3)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a", "a"), ("./a//b/", "a/b"), ("a/../b", "b"), ("", ""), (".", ""), ("a/..", ""), ("a/b/../../c", "c")],
)
def test_a_path_is_normalised(path: str, expected: str) -> None:
    assert normalise(path) == expected


@pytest.mark.parametrize("path", ["/a", "..", "a/../..", "a/../../b", "//"])
def test_a_path_that_leaves_its_start_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        normalise(path)


def test_empty_parts_are_left_out_when_joining() -> None:
    assert join("", "a", "", "b/c") == "a/b/c"
    assert join("", "") == ""


def test_parent_and_basename_split_a_path() -> None:
    assert (parent("a/b/c"), basename("a/b/c")) == ("a/b", "c")
    assert (parent("c"), basename("c")) == ("", "c")


def test_a_directory_holds_itself_and_what_lies_below() -> None:
    assert is_inside("a/b", "a") and is_inside("a", "a") and is_inside("a", "")
    assert not is_inside("ab", "a") and not is_inside("a", "a/b")


@given(PATHS, PATHS)
def test_a_relative_link_leads_to_its_target(link: str, target: str) -> None:
    text = relative_link(link, target)
    assert posixpath.normpath(posixpath.join(posixpath.dirname(link), text)) == target
    assert not text.startswith("/")


@given(PATHS, PATHS, PATHS)
def test_a_relative_link_is_the_same_below_any_root(root: str, link: str, target: str) -> None:
    assert relative_link(join(root, link), join(root, target)) == relative_link(link, target)


@given(PATHS)
def test_normalising_twice_changes_nothing(path: str) -> None:
    assert normalise(normalise(path)) == normalise(path) == path
