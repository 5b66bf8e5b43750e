from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venvship.host.owned_tree import ForeignDirectory, OwnedEntry, OwnedFile, OwnedLink, OwnedTree

RECORD = ".owned"


@pytest.fixture
def tree(tmp_path: Path) -> OwnedTree:
    return OwnedTree(tmp_path / "tree", record=RECORD)


def held(tree: OwnedTree) -> dict[str, OwnedEntry]:
    found: dict[str, OwnedEntry] = {}
    for where, directories, files in os.walk(tree.path):
        for name in [*directories, *files]:
            path = Path(where, name)
            inside = path.relative_to(tree.path).as_posix()
            if path.is_symlink():
                found[inside] = OwnedLink(os.readlink(path))
            elif path.is_file() and inside != RECORD:
                found[inside] = OwnedFile(path.read_bytes(), bool(path.stat().st_mode & 0o100))
    return found


def test_a_directory_takes_the_place_of_a_link_and_gives_it_back(tree: OwnedTree, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x").write_text("")
    link = OwnedLink(str(elsewhere))
    tree.update({"a": link, "b": OwnedFile(b"1")})
    tree.update({"a/x": OwnedLink("1"), "a/y": OwnedLink("2"), "b": OwnedFile(b"2", executable=True)})
    assert held(tree)["a/y"] == OwnedLink("2") and held(tree)["b"] == OwnedFile(b"2", executable=True)
    tree.update({"a": link})
    assert held(tree) == {"a": link}
    assert os.listdir(elsewhere) == ["x"]


def test_what_is_not_ours_stays(tree: OwnedTree) -> None:
    tree.update({"lib/a": OwnedFile(b"")})
    (tree.path / "lib" / "theirs").write_text("")
    changes = tree.update({})
    assert changes.lines == ("- lib/a",)
    assert held(tree) == {"lib/theirs": OwnedFile(b"")}


def test_what_is_displaced_goes_whosever_it_is(tree: OwnedTree) -> None:
    tree.update({"lib/a-2": OwnedFile(b"")})
    (tree.path / "lib" / "a-1").mkdir()
    (tree.path / "lib" / "a-1" / "theirs").write_text("")
    wanted = {"lib/a-2": OwnedFile(b"")}
    assert tree.compare(wanted, displaced=["lib/a-1"]).lines == ("- lib/a-1",)
    tree.update(wanted, displaced=["lib/a-1"])
    assert held(tree) == wanted


def test_directories_that_become_empty_go(tree: OwnedTree) -> None:
    tree.update({"a/b/c": OwnedFile(b"")})
    tree.update({})
    assert os.listdir(tree.path) == [RECORD]


KILLED_HALFWAY = """
import os, sys
from pathlib import Path
from venvship.host import owned_tree

wanted = {f"a{number}/b": owned_tree.OwnedFile(b"") for number in range(5)}
left = int(sys.argv[2])
rename = os.replace

def kill(*paths):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), 9)
    rename(*paths)

os.replace = kill
owned_tree.OwnedTree(Path(sys.argv[1]), record=".owned").update(wanted)
"""


@pytest.mark.parametrize("renames", range(7))
def test_what_a_killed_process_leaves_is_removed(tree: OwnedTree, renames: int) -> None:
    argv = [sys.executable, "-c", KILLED_HALFWAY, str(tree.path), str(renames)]
    assert subprocess.run(argv, check=False).returncode == -signal.SIGKILL
    wanted = {"x": OwnedFile(b"")}
    assert tree.update(wanted)
    assert held(tree) == wanted
    assert sorted(os.listdir(tree.path)) == [RECORD, "x"]


def test_leavings_are_removed_where_nothing_has_changed(tree: OwnedTree) -> None:
    tree.update({"x": OwnedFile(b"")})
    (tree.path / f"{RECORD}.making").mkdir()
    assert not tree.update({"x": OwnedFile(b"")})
    assert sorted(os.listdir(tree.path)) == [RECORD, "x"]


def test_only_a_directory_of_ours_or_an_empty_one_is_taken(tree: OwnedTree) -> None:
    tree.path.mkdir()
    tree.update({"a": OwnedFile(b"")})
    (tree.path / RECORD).unlink()
    with pytest.raises(ForeignDirectory):
        tree.compare({})
    link = OwnedTree(tree.path.with_name("link"), record=RECORD)
    link.path.symlink_to(tree.path)
    with pytest.raises(ForeignDirectory):
        link.update({})
    file = OwnedTree(tree.path.with_name("file"), record=RECORD)
    file.path.write_text("precious")
    with pytest.raises(ForeignDirectory):
        file.update({})
    assert file.path.read_text() == "precious"


def test_a_record_that_lies_does_no_harm(tree: OwnedTree, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("")
    tree.update({})
    (tree.path / RECORD).write_text('{"entries": ["../precious", "/etc/passwd", 7, "a//b"]}')
    tree.update({})
    (tree.path / RECORD).write_text("not JSON")
    tree.update({"a": OwnedFile(b"")})
    assert precious.exists() and held(tree) == {"a": OwnedFile(b"")}


_NAMES = st.sampled_from("ab")
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)
_ENTRIES = st.one_of(
    st.builds(OwnedLink, st.sampled_from(["x", "../y"])),
    st.builds(OwnedFile, st.binary(max_size=2), st.booleans()),
)


def _without_entries_below_others(entries: Mapping[str, OwnedEntry]) -> dict[str, OwnedEntry]:
    return {p: e for p, e in entries.items() if not any(p.startswith(f"{other}/") for other in entries)}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(_PATHS, _ENTRIES, max_size=5).map(_without_entries_below_others), max_size=4))
def test_after_an_update_exactly_what_is_wanted_is_there(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, OwnedEntry]]
) -> None:
    tree = OwnedTree(tmp_path_factory.mktemp("owned") / "tree", record=RECORD)
    for wanted in states:
        tree.update(wanted)
        assert held(tree) == wanted
        assert not tree.compare(wanted)
