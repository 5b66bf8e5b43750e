from __future__ import annotations

import pytest

from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.depset import Depset
from venvship.model.label import Label, PackageId
from venvship.model.paths import TreePath
from venvship.model.runfiles import EMPTY_RUNFILES, InvalidRunfilesPath, Runfiles, RunfilesLink, told

OWNER = Label(PackageId("", "pkg"), "t")


def source(path: str) -> Artifact:
    return Artifact(Root.of_sources(""), path, OWNER)


def output(path: str) -> Artifact:
    return Artifact(Root.of_outputs("cfg", ""), path, OWNER)


def link(path: str, target: Artifact) -> RunfilesLink:
    return RunfilesLink(TreePath(path), target)


def test_each_kind_of_entry_has_its_place() -> None:
    a, b, c = source("a"), source("b"), source("c")
    runfiles = Runfiles(
        files=Depset([a]),
        symlinks=Depset([link("x/b", b)]),
        root_symlinks=Depset([link("other/c", c)]),
        empty_filenames=Depset([TreePath("_main/pkg/__init__.py")]),
    )
    assert runfiles.entries() == {
        "_main/a": a,
        "_main/x/b": b,
        "other/c": c,
        "_main/pkg/__init__.py": None,
    }
    assert set(runfiles.artifacts.to_tuple()) == {a, b, c}


def test_one_file_on_several_ways_is_no_conflict() -> None:
    a = source("a")
    runfiles = Runfiles(files=Depset([a]), symlinks=Depset([link("a", a)]))
    assert runfiles.entries() == {"_main/a": a}


@pytest.mark.parametrize("is_first", [True, False])
def test_a_directory_with_bytecode_is_taken_for_the_same_without(is_first: bool) -> None:
    plain = Artifact(Root.of_outputs("cfg", "pypi"), "six/1.16", OWNER, ArtifactKind.DIRECTORY)
    compiled = Artifact(plain.root.with_bytecode, plain.path, OWNER, ArtifactKind.DIRECTORY)
    assert compiled.without_bytecode == plain and plain.without_bytecode is None
    runfiles = Runfiles(files=Depset([compiled, plain] if is_first else [plain, compiled]))
    assert runfiles.settled() == ({"pypi/six/1.16": compiled}, ())


def conflicts(runfiles: Runfiles) -> list[str]:
    return [str(conflict) for conflict in runfiles.settled()[1]]


def test_of_two_files_at_one_path_the_later_is_used_and_both_are_named() -> None:
    made = output("a")
    runfiles = Runfiles(files=Depset([source("a"), made]))
    assert runfiles.entries() == {"_main/a": made}
    assert conflicts(runfiles) == [
        "the runfiles path `_main/a` is claimed twice: `venvship-out/cfg/bin/a` of `//pkg:t` is used, "
        "`a` of `//pkg:t` is not"
    ]


def test_a_file_wins_over_a_link_and_a_link_at_the_root_over_both() -> None:
    a, b, c = source("a"), source("b"), source("c")
    runfiles = Runfiles(files=Depset([a]), symlinks=Depset([link("a", b)]))
    assert runfiles.entries() == {"_main/a": a}
    assert "`b` of `//pkg:t` is not" in conflicts(runfiles)[0]
    assert Runfiles(files=Depset([a]), root_symlinks=Depset([link("_main/a", c)])).entries() == {"_main/a": c}


def test_a_file_hides_what_would_lie_below_it() -> None:
    runfiles = Runfiles(files=Depset([source("x"), source("x.y")]), symlinks=Depset([link("x/y/z", source("b"))]))
    assert set(runfiles.entries()) == {"_main/x", "_main/x.y"}
    assert conflicts(runfiles) == [
        "the runfiles path `_main/x` hides `_main/x/y/z`: `x` of `//pkg:t` is used, `b` of `//pkg:t` is not; "
        "rename the file or its target, or the directory with its name"
    ]


def test_a_file_hides_everything_below_it_however_deep() -> None:
    below = [link(path, source("b")) for path in ("x/a", "x/a/b", "x/c", "x/d/e", "x/d/f")]
    runfiles = Runfiles(files=Depset([source("x"), source("y/z")]), symlinks=Depset(below))
    assert set(runfiles.entries()) == {"_main/x", "_main/y/z"}
    assert len(conflicts(runfiles)) == len(below)


def test_what_one_file_hides_is_told_in_one_line() -> None:
    twice = [link(path, source(f"other/{path}")) for path in ("x/a", "x/b", "x/c", "y/a")]
    runfiles = Runfiles(files=Depset([source("x"), source("y")]), symlinks=Depset([*twice, link("y", source("b"))]))
    same, x, y = told(runfiles.settled()[1])
    assert "`_main/y` is claimed twice" in same
    assert "`_main/x` hides `_main/x/a`" in x and x.endswith(" (3 paths are hidden by it)")
    assert "`_main/y` hides `_main/y/a`" in y and "hidden by it" not in y


def test_an_empty_file_hides_what_would_lie_below_it() -> None:
    runfiles = Runfiles(files=Depset([source("x/y")]), empty_filenames=Depset([TreePath("_main/x")]))
    assert runfiles.entries() == {"_main/x": None}
    assert "an empty file is used" in conflicts(runfiles)[0]


def test_what_a_directory_holds_anyway_is_no_conflict() -> None:
    directory = Artifact(Root.of_outputs("cfg", ""), "d", OWNER, ArtifactKind.DIRECTORY)
    runfiles = Runfiles(files=Depset([output("d/x"), directory]))
    assert runfiles.entries() == {"_main/d": directory}
    assert conflicts(runfiles) == []


def test_a_file_takes_the_place_of_an_empty_one() -> None:
    a = source("a")
    runfiles = Runfiles(files=Depset([a]), empty_filenames=Depset([TreePath("_main/a")]))
    assert runfiles.entries() == {"_main/a": a}


@pytest.mark.parametrize("path", ["..", "/etc/passwd", "a/../../../x", "", ".", "a/..", "../..", "a\0b"])
def test_a_path_that_leaves_the_tree_is_refused(path: str) -> None:
    for runfiles in (
        Runfiles(root_symlinks=Depset([link(path, source("a"))])),
        Runfiles(symlinks=Depset([link(path, source("a"))])),
        Runfiles(empty_filenames=Depset([TreePath(path)])),
    ):
        with pytest.raises(InvalidRunfilesPath) as caught:
            runfiles.entries()
        assert f"`{path}`" in str(caught.value)


def test_a_link_may_be_placed_by_the_short_path_of_another_repository() -> None:
    a = source("a")
    assert Runfiles(symlinks=Depset([link("../rules/x", a)])).entries() == {"rules/x": a}
    assert Runfiles(root_symlinks=Depset([link("a/./b//c", a)])).entries() == {"a/b/c": a}


def test_all_conflicts_are_told_at_once() -> None:
    runfiles = Runfiles(files=Depset([source("a"), output("a"), source("b"), output("b")]))
    assert [conflict.path for conflict in runfiles.settled()[1]] == ["_main/a", "_main/b"]


def test_merging_keeps_everything_and_shares_what_it_can() -> None:
    one = Runfiles(files=Depset([source("a")]))
    two = Runfiles(files=Depset([source("b")]), symlinks=Depset([link("l", source("c"))]))
    merged = one.merge(two)
    assert set(merged.entries()) == {"_main/a", "_main/b", "_main/l"}
    assert Runfiles.merged([EMPTY_RUNFILES, one, EMPTY_RUNFILES]) is one
    assert set(Runfiles.merged([one], files=[source("z")]).entries()) == {"_main/a", "_main/z"}
