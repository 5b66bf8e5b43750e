from __future__ import annotations

import os
from pathlib import Path

import pytest

from venvship.host.locks import FileLock, LockHeld
from venvship.session.known_venvs import note_venv
from venvship.session.unused import BadSize, no_builds, parse_size, remove_unused

NOW = 2_000_000_000.0
DAY = 86_400.0


def entry(path: Path, *, days: float, size: int = 10) -> Path:
    """A file, or a directory with one, that was used some days ago."""
    path.mkdir(parents=True)
    (path / "content").write_bytes(b"x" * size)
    os.utime(path, (NOW - days * DAY, NOW - days * DAY))
    return path


def test_what_no_output_links_and_what_is_old_is_removed(tmp_path: Path) -> None:
    linked = entry(tmp_path / "trees" / ("a" * 64), days=90)
    unlinked = entry(tmp_path / "trees" / ("b" * 64), days=2)
    fresh = entry(tmp_path / "trees" / ("c" * 64), days=0)
    old = entry(tmp_path / "wheels" / ("d" * 64), days=31)
    recent = entry(tmp_path / "wheels" / ("e" * 64), days=29)
    outputs = tmp_path / "workspaces/w/execroot/_main/venvship-out/pypi/six"
    outputs.mkdir(parents=True)
    (outputs / "1.0").symlink_to(linked)
    removed = remove_unused(tmp_path, now=NOW)
    assert removed.entries == 2 and removed.size == 20 and removed.left == 30
    assert linked.is_dir() and fresh.is_dir() and recent.is_dir()
    assert not unlinked.exists() and not old.exists()
    assert list((tmp_path / "trees/tmp").iterdir()) == []


def test_links_that_runfiles_trees_share_keep_trees_while_they_are_used(tmp_path: Path) -> None:
    trees = [entry(tmp_path / "trees" / (digit * 64), days=90) for digit in "ab"]
    shared = [tmp_path / "workspaces/w/links" / name for name in ("used", "left")]
    for directory, tree in zip(shared, trees, strict=True):
        directory.mkdir(parents=True)
        (directory / "six").symlink_to(tree / "lib/six")
    runfiles = [tmp_path / "workspaces/w/r" / name for name in ("1-t.runfiles", "2-t.runfiles")]
    for directory, common in zip(runfiles, shared, strict=True):
        directory.mkdir(parents=True)
        (directory / "pypi").symlink_to(common)
    outputs = tmp_path / "workspaces/w/execroot/_main/venvship-out"
    outputs.mkdir(parents=True)
    (outputs / "t.runfiles").symlink_to(runfiles[0])
    remove_unused(tmp_path, now=NOW)
    assert [directory.exists() for directory in runfiles] == [True, False]
    assert [directory.exists() for directory in shared] == [True, False]
    assert [tree.exists() for tree in trees] == [True, False]


def test_a_tree_that_only_the_runfiles_of_a_program_link_is_kept(tmp_path: Path) -> None:
    tree = entry(tmp_path / "trees" / ("a" * 64), days=90)
    runfiles = tmp_path / "workspaces/w/r/1-t.runfiles"
    runfiles.mkdir(parents=True)
    (runfiles / "python").symlink_to(tree)
    outputs = tmp_path / "workspaces/w/execroot/_main/venvship-out"
    outputs.mkdir(parents=True)
    (outputs / "t.runfiles").symlink_to(runfiles)
    remove_unused(tmp_path, now=NOW)
    assert tree.is_dir()


def test_a_tree_that_only_a_synced_virtualenv_links_is_kept_as_long_as_that_is_there(tmp_path: Path) -> None:
    tree = entry(tmp_path / "store/trees" / ("a" * 64), days=90)
    venv = tmp_path / "shop/.venv"
    venv.mkdir(parents=True)
    (venv / "six.py").symlink_to(tree / "six.py")
    for _ in range(2):
        note_venv(tmp_path / "store", venv)
    assert remove_unused(tmp_path / "store", now=NOW).entries == 0
    venv.rename(tmp_path / "elsewhere")
    assert remove_unused(tmp_path / "store", now=NOW).entries == 1
    assert not list((tmp_path / "store/venvs").iterdir())


def remembered(path: Path, *, written: float, read: float, size: int = 10) -> Path:
    """A file that a command wrote some days ago, and that others have read since."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (NOW - read * DAY, NOW - written * DAY))
    return path


@pytest.mark.parametrize(
    "kind",
    ["downloads/sha256", *(f"workspaces/w/{name}" for name in ("code", "forests", "records", "stamps"))],
)
def test_what_no_command_found_for_a_month_is_forgotten(tmp_path: Path, kind: str) -> None:
    directory = tmp_path / kind
    of_another_version = remembered(directory / "a", written=40, read=40)
    in_use = remembered(directory / "b", written=40, read=2)
    fresh = remembered(directory / "c", written=1, read=1)
    removed = remove_unused(tmp_path, now=NOW)
    assert (removed.entries, removed.left) == (1, 20)
    assert not of_another_version.exists()
    assert in_use.exists() and fresh.exists()


def test_kept_directories_are_used_when_their_index_is_read(tmp_path: Path) -> None:
    kept = tmp_path / "workspaces/w/forests"
    for name, read in (("old", 40), ("in use", 2)):
        remembered(kept / name / "index", written=40, read=read)
        remembered(kept / name / "0", written=40, read=40)
        os.utime(kept / name, (NOW - 40 * DAY, NOW - 40 * DAY))
    removed = remove_unused(tmp_path, now=NOW)
    assert (removed.entries, removed.left) == (1, 20)
    assert [path.name for path in kept.iterdir()] == ["in use"]


def test_what_is_remembered_counts_for_the_size(tmp_path: Path) -> None:
    code = remembered(tmp_path / "workspaces/w/code/a", written=3, read=3, size=100)
    wheel = entry(tmp_path / "wheels" / ("a" * 64), days=2, size=100)
    removed = remove_unused(tmp_path, now=NOW, max_size=150)
    assert (removed.entries, removed.left) == (1, 100)
    assert not code.exists() and wheel.exists()


def test_beyond_a_size_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    ages = {"a": 3, "b": 1, "c": 2}
    paths = [entry(tmp_path / "wheels" / (digit * 64), days=days, size=100) for digit, days in ages.items()]
    removed = remove_unused(tmp_path, now=NOW, max_size=150)
    assert removed.left == 100
    assert [path.exists() for path in paths] == [False, True, False]


def test_files_that_two_trees_have_in_common_count_once(tmp_path: Path) -> None:
    unpacked = entry(tmp_path / "trees" / ("a" * 64), days=0, size=100)
    compiled = tmp_path / "trees" / ("b" * 64)
    compiled.mkdir()
    (compiled / "content").hardlink_to(unpacked / "content")
    (compiled / "bytecode").write_bytes(b"x" * 30)
    os.utime(compiled, (NOW, NOW))
    assert remove_unused(tmp_path, now=NOW).left == 130


def test_a_build_that_runs_is_waited_for(tmp_path: Path) -> None:
    lock = tmp_path / "workspaces/w/lock"
    with FileLock(lock), pytest.raises(LockHeld):
        remove_unused(tmp_path, now=NOW, block=False)


def test_no_workspace_builds_until_the_last_is_removed(tmp_path: Path) -> None:
    locks = [tmp_path / "workspaces" / name / "lock" for name in ("v", "w")]
    for lock in locks:
        lock.parent.mkdir(parents=True)
        lock.touch()
    with no_builds(tmp_path):
        for lock in locks:
            with pytest.raises(LockHeld):
                FileLock(lock).try_acquire()
    for lock in locks:
        FileLock(lock).try_acquire()


@pytest.mark.parametrize(("text", "size"), [("20G", 20 << 30), ("500 MB", 500 << 20), ("7", 7), ("1kib", 1024)])
def test_sizes_have_the_usual_letters(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_what_is_no_size_is_refused() -> None:
    with pytest.raises(BadSize, match="`much` is no size"):
        parse_size("much")
