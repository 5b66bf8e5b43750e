from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loading_workspace import package

from venvship.loading.files import MemoryFiles
from venvship.loading.globs import (
    NOTHING_IGNORED,
    IgnoredDirectories,
    InvalidPattern,
    NothingMatches,
    PackageFiles,
    matches,
    matches_name,
    split_pattern,
)

TREE = [
    "BUILD",
    "a.py",
    "b.py",
    "b.txt",
    ".hid.py",
    "d/c.py",
    "d/.h/e.py",
    "d/e/f.py",
    "sub/BUILD",
    "sub/g.py",
    "sub/in/h.py",
    "skip/me/i.py",
]


def files(
    paths: list[str], links: dict[str, str] | None = None, ignored: IgnoredDirectories = NOTHING_IGNORED
) -> PackageFiles:
    memory = MemoryFiles(
        {f"/w/p/{path}": "" for path in paths},
        {f"/w/p/{link}": f"/w/p/{to}".rstrip("/") for link, to in (links or {}).items()},
    )
    return PackageFiles(memory, "/w", "p", ignored)


@pytest.mark.parametrize(
    ("include", "found"),
    [
        (["*.py"], ["a.py", "b.py"]),
        (["b.*"], ["b.py", "b.txt"]),
        ([".*.py"], [".hid.py"]),
        (["a.py", "*.py", "a.py"], ["a.py", "b.py"]),
        (["d/*.py"], ["d/c.py"]),
        (["*/*.py"], ["d/c.py"]),
        (["d/.h/*"], ["d/.h/e.py"]),
        (["**/*.py"], ["a.py", "b.py", "d/.h/e.py", "d/c.py", "d/e/f.py", "skip/me/i.py"]),
        (["**/**/c.py"], ["d/c.py"]),
        (["d/**"], ["d/.h/e.py", "d/c.py", "d/e/f.py"]),
        (
            ["**"],
            [".hid.py", "BUILD", "a.py", "b.py", "b.txt", "d/.h/e.py", "d/c.py", "d/e/f.py", "skip/me/i.py"],
        ),
        (["sub/*.py"], []),
        (["none"], []),
        (["*/e/**"], ["d/e/f.py"]),
    ],
)
def test_patterns_match_as_bazels_do(include: list[str], found: list[str]) -> None:
    assert files(TREE).glob(include) == found


def test_a_question_mark_may_only_exclude() -> None:
    with pytest.raises(InvalidPattern, match=r"wildcard \? forbidden"):
        files(TREE).glob(["?.py"])
    assert files(TREE).glob(["*.py"], ["?.py"]) == []


def test_excludes_take_away_what_matches_them() -> None:
    assert files(TREE).glob(["**/*.py"], ["d/**", "b.py"]) == ["a.py", "skip/me/i.py"]
    assert files(TREE).glob(["**"], ["*"]) == ["d/.h/e.py", "d/c.py", "d/e/f.py", "skip/me/i.py"]


def test_directories_are_found_when_asked_for_unless_they_are_packages() -> None:
    assert files(TREE).glob(["*"], directories=True) == [".hid.py", "BUILD", "a.py", "b.py", "b.txt", "d", "skip"]
    assert files(TREE).glob(["**"], ["**/*.*", ".*"], directories=True) == [
        "BUILD",
        "d",
        "d/e",
        "skip",
        "skip/me",
    ]


def test_ignored_directories_are_not_looked_into() -> None:
    assert files(TREE, ignored=IgnoredDirectories(frozenset({"p/skip"}), (("**", "e"),))).glob(["**/*.py"]) == [
        "a.py",
        "b.py",
        "d/.h/e.py",
        "d/c.py",
    ]


def test_links_are_followed_but_not_in_circles() -> None:
    found = files(["d/x.py", "e/y.py"], {"l": "d", "d/up": "", "d/me": "d", "d/e": "e", "e/d": "d"}).glob(["**/*.py"])
    assert {"d/x.py", "l/x.py", "d/e/y.py", "e/d/x.py"} <= set(found)
    assert len(found) < 20


def test_links_that_builds_leave_in_the_root_are_no_sources() -> None:
    memory = MemoryFiles({"/w/out/x.py": "", "/w/a.py": ""}, {"/w/venvship-out": "/w/out", "/w/bazel-bin": "/w/out"})
    assert PackageFiles(memory, "/w", "").glob(["**/*.py"]) == ["a.py", "out/x.py"]


@pytest.mark.parametrize("pattern", ["", "/a", "a//b", "../a", "a/..", "./a", "a/./b", "a**", "**b/c", "a/", "***"])
def test_patterns_without_sense_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        split_pattern(pattern)


def test_a_glob_that_must_not_be_empty_names_the_pattern_that_is() -> None:
    with pytest.raises(NothingMatches, match="pattern 'no' didn't match anything"):
        files(TREE).glob(["*.py", "no"], allow_empty=False)
    with pytest.raises(NothingMatches, match="all files in the glob have been excluded"):
        files(TREE).glob(["*.py"], ["*"], allow_empty=False)
    assert "add `allow_empty = True`" in package('glob(["none"])').problems("p")
    assert package('files(name = "a", srcs = glob(["none"], allow_empty = True))').problems("p") == ""


def test_subpackages_are_the_nearest_ones() -> None:
    tree = files(["BUILD", "x/BUILD", "x/deep/BUILD", "y/z/BUILD", "y/w/BUILD.bazel", "n/readme"])
    assert tree.subpackages(["**"]) == ["x", "y/w", "y/z"]
    assert tree.subpackages(["y/*"], ["*/w"]) == ["y/z"]
    with pytest.raises(NothingMatches):
        tree.subpackages(["none"])


def test_a_build_file_uses_glob_and_subpackages() -> None:
    workspace = package(
        'print(glob(["*.py"], exclude = ["b*"]), glob(["*"], exclude_directories = 0), subpackages(include = ["**"]))',
        {"a.py": "", "b.py": "", "d/x": "", "s/BUILD": ""},
    )
    workspace.load("p")
    assert workspace.printed == ['p/BUILD.bazel:1:6: ["a.py"] ["BUILD.bazel", "a.py", "b.py", "d"] ["s"]']


_NAMES = st.text(alphabet="ab.", min_size=1, max_size=6)
_SEGMENTS = st.text(alphabet="ab.*?", min_size=1, max_size=6).filter(lambda text: "**" not in text)


@given(_SEGMENTS, _NAMES)
def test_one_segment_matches_like_a_shell_but_for_leading_dots(segment: str, name: str) -> None:
    expected = re.fullmatch(fnmatch.translate(segment), name) is not None
    if any(sign in segment for sign in "*?") and name.startswith(".") and not segment.startswith("."):
        expected = segment == "*"
    assert matches_name(segment, name) == expected


@given(st.lists(_NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=5))
def test_two_stars_match_every_path(names: list[str]) -> None:
    path = "/".join(names)
    assert matches(("**",), path)
    assert matches(("**", names[-1]), path)
    assert matches((names[0], "**"), path)


def test_a_hostile_pattern_takes_no_exponential_time() -> None:
    assert not matches_name("*a" * 100 + "b", "a" * 250)
    assert not matches(("**", "a") * 50 + ("b",), "/".join(["a"] * 200))
