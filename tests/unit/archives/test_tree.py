from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.archives.tree import MalformedTree, Tree, TreeDirectory, TreeEntry, TreeFile, TreeLink
from venvship.model.digest import Digest
from venvship.model.paths import TreePath

CONTENT = Digest.of(b"content")


def file(path: str, executable: bool = False) -> TreeFile:
    return TreeFile(TreePath(path), CONTENT, executable)


NAMES = st.text(st.characters(exclude_characters="/\0", max_codepoint=0x10FFFF), min_size=1, max_size=5).filter(
    lambda name: name not in (".", "..")
)


TEXTS = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=8)


@st.composite
def trees(draw: st.DrawFn) -> list[TreeEntry]:
    """Entries of a tree: paths that are no directories of each other."""
    paths: set[str] = set()
    for parts in draw(st.lists(st.lists(NAMES, min_size=1, max_size=4), max_size=8)):
        path = "/".join(parts)
        if not any(other == path or other.startswith(path + "/") or path.startswith(other + "/") for other in paths):
            paths.add(path)
    entries: list[TreeEntry] = []
    for path in sorted(paths, reverse=True):
        kind = draw(st.sampled_from("fxld"))
        match kind:
            case "l":
                entries.append(
                    TreeLink(
                        TreePath(path), draw(st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=8))
                    )
                )
            case "d":
                entries.append(TreeDirectory(TreePath(path)))
            case _:
                entries.append(TreeFile(TreePath(path), Digest.of(draw(st.binary(max_size=3))), kind == "x"))
    return entries


@given(trees())
def test_what_is_encoded_is_decoded_whatever_the_order(entries: list[TreeEntry]) -> None:
    tree = Tree.of(entries)
    assert Tree.decode(tree.encode()) == tree
    assert Tree.of(reversed(entries)).digest == tree.digest
    assert [entry.path for entry in tree.entries] == sorted(entry.path for entry in entries)


@given(trees(), trees())
def test_different_trees_have_different_digests(one: list[TreeEntry], two: list[TreeEntry]) -> None:
    assert (Tree.of(one).digest == Tree.of(two).digest) == (Tree.of(one) == Tree.of(two))


@given(st.binary(max_size=60))
def test_bytes_that_are_no_tree_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedTree):
        Tree.decode(b"x" + data)
    try:
        tree = Tree.decode(b"venvship tree 1\n" + data)
    except MalformedTree:
        return
    assert tree.entries == ()


@pytest.mark.parametrize(
    "rows",
    [
        '[["a","f","00",1]]',
        '[["a","f"]]',
        '[["a","z"]]',
        '[["a","d"],["a","d"]]',
        '[["b","d"],["a","d"]]',
        '[[1,"d"]]',
        '["a"]',
        "{}",
        "null",
        '[["../a","d"]]',
        '[["/a","d"]]',
        '[["a/./b","d"]]',
        '[["","d"]]',
        '[["a\\u0000","d"]]',
        '[["a","l","t"],["a/b","d"]]',
        '[["a","f","' + "0" * 64 + '",-1]]',
        '[["a","f","' + "0" * 64 + '",true]]',
        '[["a","l","x\\u0000y"]]',
        '[["a","l",""]]',
        '[["a", "d"]]',
        "[" * 100_000,
        "9" * 10_000,
    ],
)
def test_rows_that_are_no_tree_are_refused(rows: str) -> None:
    with pytest.raises(MalformedTree):
        Tree.decode(b"venvship tree 1\n" + rows.encode())


def test_a_path_named_twice_is_refused() -> None:
    with pytest.raises(MalformedTree, match="names `a` twice"):
        Tree.of([file("a"), TreeLink(TreePath("a"), "b")])


def test_an_entry_below_a_file_or_link_is_refused() -> None:
    for above in (file("a/b"), TreeLink(TreePath("a/b"), "x"), TreeDirectory(TreePath("a/b"))):
        with pytest.raises(MalformedTree, match="which is no directory"):
            Tree.of([above, file("a/b/c/d")])


def test_execute_bits_links_and_empty_directories_are_part_of_the_digest() -> None:
    variants = [
        Tree.of([file("a")]),
        Tree.of([file("a", executable=True)]),
        Tree.of([TreeLink(TreePath("a"), "b")]),
        Tree.of([TreeDirectory(TreePath("a"))]),
        Tree.of([]),
    ]
    assert len({tree.digest for tree in variants}) == len(variants)
