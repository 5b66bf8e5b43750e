from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.tools.mtree import DIRECTORY, FILE, LINK, BadSpecification, Row, decode, encode, mutate, parse, write


def test_lines_become_rows() -> None:
    text = """#mtree
# a comment
usr/bin uid=0 gid=0 time=1672560000 mode=0755 type=dir
usr/bin/app uid=1 gid=2 time=1672560000.5 mode=0755 nlink=1 type=file content=bazel-out/bin/my\\040app
usr/bin/link type=link link=../lib/app
usr/share/empty type=file
"""
    assert parse(text) == [
        Row("usr/bin", DIRECTORY, "", 0o755, 0, 0, 1672560000),
        Row("usr/bin/app", FILE, "bazel-out/bin/my app", 0o755, 1, 2, 1672560000),
        Row("usr/bin/link", LINK, "../lib/app"),
        Row("usr/share/empty", FILE),
    ]


def test_defaults_hold_until_they_are_unset() -> None:
    rows = parse("/set type=dir mode=0700 uid=5\na/x\na/y mode=0755\n/unset uid mode\na/z\n")
    assert [(row.path, row.kind, row.mode, row.uid) for row in rows] == [
        ("a/x", DIRECTORY, 0o700, 5), ("a/y", DIRECTORY, 0o755, 5), ("a/z", DIRECTORY, None, None),
    ]  # fmt: skip


def test_a_name_without_a_slash_lies_in_the_directory_that_was_entered() -> None:
    text = ". type=dir\na type=dir\nb type=dir\nc type=file\nx/y type=file\n..\nd type=file\n..\n./e type=file\n"
    assert [row.path for row in parse(text)] == ["", "a", "a/b", "a/b/c", "x/y", "a/d", "e"]


def test_a_line_may_be_continued() -> None:
    assert parse("a/b \\\n  type=link \\\n  link=c\n") == [Row("a/b", LINK, "c")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a type=file\nb type=fifo", "m:2: entries of type `fifo` are not supported"),
        ("a colour=red", "m:1: unknown keyword `colour`"),
        ("..", "m:1: `..` leaves the root"),
        ("a mode=rwx", "m:1: `mode=rwx` is no number"),
        ("a type=link", "m:1: the link `a` has no `link=`"),
        ("a\\q", "m:1: unknown escape `\\q`"),
        ("a \\", "m:1: the last line is continued"),
        ("a " * 40_000, "m:1: line too long"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(BadSpecification) as caught:
        parse(text, "m")
    assert str(caught.value) == message


TEXT = st.text(st.characters(codec="utf-8"), min_size=1)
PATHS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1), min_size=1, max_size=3
).filter(lambda parts: not {".", ".."} & set(parts))
NUMBERS = st.none() | st.integers(0, 0o7777)
ROWS = st.builds(
    Row, PATHS.map("/".join), st.sampled_from([FILE, LINK]), TEXT,
    mode=NUMBERS, uid=NUMBERS, gid=NUMBERS, mtime=NUMBERS, uname=st.none() | TEXT, gname=st.none() | TEXT,
)  # fmt: skip


@given(st.lists(ROWS))
def test_rows_survive_being_written_and_read(rows: list[Row]) -> None:
    assert parse(write(rows)) == rows


@given(TEXT)
def test_any_text_fits_into_a_word(text: str) -> None:
    assert decode(encode(text)) == text
    assert len(encode(text).split()) == 1


def test_rows_are_moved_and_owned_anew() -> None:
    rows = [Row("bin", DIRECTORY), Row("bin/a", FILE, "x", uid=3, mtime=4), Row("etc/b", FILE, "y")]
    assert mutate(rows, strip_prefix="bin/", package_dir="/opt/it", uid=7, mtime=9, uname="me") == [
        Row("opt", DIRECTORY, mode=0o755, uid=7, mtime=9, uname="me"),
        Row("opt/it", DIRECTORY, mode=0o755, uid=7, mtime=9, uname="me"),
        Row("opt/it/a", FILE, "x", uid=7, mtime=9, uname="me"),
    ]
    assert mutate(rows, strip_prefix="nothing", package_dir="opt") == []
    assert mutate(rows) == rows
