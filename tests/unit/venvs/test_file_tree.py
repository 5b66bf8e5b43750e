from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.venvs.file_tree import FileTree, MalformedPaths

segments = st.sampled_from(["a", "b", "a-b", "a.b", "a0", "A", "é", "\U0001f40d"])
trees = st.lists(st.lists(segments, min_size=1, max_size=4).map("/".join), unique=True).map(
    lambda paths: [path for path in paths if not any(other.startswith(f"{path}/") for other in paths)]
)


def test_children_are_files_and_directories_in_order() -> None:
    tree = FileTree.of(["a/x", "a-b", "a/y/z", "b"])
    assert list(tree.children()) == [("a-b", False), ("a", True), ("b", False)]
    assert list(tree.children("a")) == [("x", False), ("y", True)]
    assert list(tree.children("nothing")) == []
    assert list(tree.files_in("a")) == ["x"]


@given(trees, st.lists(segments, max_size=3).map("/".join))
def test_a_tree_answers_as_a_list_of_paths_does(paths: list[str], directory: str) -> None:
    tree = FileTree.of(paths)
    inside = [posixpath.relpath(p, directory or ".") for p in paths if not directory or p.startswith(f"{directory}/")]
    assert dict(tree.children(directory)) == {p.partition("/")[0]: "/" in p for p in inside}
    assert tree.has_file(directory) == (directory in paths)
    if directory:
        assert tree.has_directory(directory) == bool(inside)


@pytest.mark.parametrize("path", ["/etc/passwd", "a//b", "a/", "", "../x", "a/../b", "./a", "a/.", "..", "a\0b"])
def test_paths_that_are_not_below_the_directory_are_refused(path: str) -> None:
    with pytest.raises(MalformedPaths, match="below a directory"):
        FileTree.of(["good", path, "z"])


def test_a_path_that_is_listed_twice_is_refused() -> None:
    with pytest.raises(MalformedPaths, match="twice"):
        FileTree.of(["a", "b", "a"])


def test_an_empty_tree_is_false() -> None:
    assert not FileTree.of([])
    assert FileTree.of(["a"])
