from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from venvship.archives.tree import Tree, TreeDirectory, TreeFile, TreeLink
from venvship.blobs.disk import DiskBlobStore
from venvship.blobs.memory import MemoryBlobStore
from venvship.blobs.store import MissingBlob
from venvship.execution.trees import MisdescribedTree, TreeStore, UnsupportedEntry, scan_tree, tree_name
from venvship.host.files import NoSpaceLeft
from venvship.model.digest import Digest
from venvship.model.paths import TreePath


@pytest.fixture
def store(tmp_path: Path) -> TreeStore:
    return TreeStore(tmp_path / "trees", DiskBlobStore(tmp_path / "blobs"))


def fill(directory: Path) -> Path:
    (directory / "bin").mkdir(parents=True)
    (directory / "bin" / "run").write_text("#!/bin/sh\n")
    (directory / "bin" / "run").chmod(0o700)
    (directory / "data").mkdir()
    (directory / "data" / "file").write_text("x")
    (directory / "data" / "file").chmod(0o600)
    (directory / "data" / "link").symlink_to("../bin/run")
    (directory / "empty").mkdir()
    return directory


CONTENT = Tree.of(
    [
        TreeFile(TreePath("bin/run"), Digest.of(b"#!/bin/sh\n"), executable=True),
        TreeFile(TreePath("data/file"), Digest.of(b"x")),
        TreeLink(TreePath("data/link"), "../bin/run"),
        TreeDirectory(TreePath("empty")),
    ]
)


def modes(directory: Path) -> set[tuple[str, int]]:
    return {
        (str(path.relative_to(directory)), stat.S_IMODE(path.lstat().st_mode))
        for path in [directory, *directory.rglob("*")]
        if not path.is_symlink()
    }


def test_a_directory_is_read_as_a_tree(tmp_path: Path) -> None:
    assert scan_tree(fill(tmp_path / "d")) == CONTENT


def test_an_adopted_directory_is_read_only_and_known_by_its_digest(store: TreeStore, tmp_path: Path) -> None:
    digest = store.adopt(fill(store.temporary / "d"))
    assert digest == CONTENT.digest
    assert store.has(digest) and store.tree(digest) == CONTENT
    path = store.path_of(digest)
    assert path.name == tree_name(digest)
    assert modes(path) == {
        (".", 0o555),
        ("bin", 0o555),
        ("bin/run", 0o555),
        ("data", 0o555),
        ("data/file", 0o444),
        ("empty", 0o555),
    }
    assert os.readlink(path / "data" / "link") == "../bin/run"
    assert list(store.temporary.iterdir()) == []


def test_the_first_tree_may_come_from_elsewhere(store: TreeStore, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made/f").write_text("x")
    digest = store.adopt(tmp_path / "made")
    assert (store.path_of(digest) / "f").read_text() == "x"


def test_directories_of_trees_have_short_names_that_160_bits_of_the_digest_make() -> None:
    names = [tree_name(Digest(sha256, 1)) for sha256 in ("0" * 64, "0" * 40 + "f" * 24, "0" * 39 + "1" + "0" * 24)]
    assert names == ["a" * 32, "a" * 32, "a" * 31 + "b"]


def test_a_known_tree_is_not_read_again(store: TreeStore) -> None:
    directory = fill(store.temporary / "d")
    # Another content than the caller says: only reading the file would tell.
    (directory / "data" / "file").write_text("y")
    assert store.adopt(directory, CONTENT) == CONTENT.digest


def test_a_sealed_directory_is_taken_at_its_maker_s_word(store: TreeStore) -> None:
    directory = fill(store.temporary / "d")
    rows = CONTENT.encode().partition(b"\n")[2].decode()
    (directory / "data" / "file").write_text("longer")
    digest = store.adopt_sealed(directory, rows)
    assert digest == CONTENT.digest and store.tree(digest) == CONTENT
    assert (store.path_of(digest) / "data/file").read_text() == "longer"
    assert stat.S_IMODE(store.path_of(digest).stat().st_mode) == 0o555


def test_a_tree_may_be_told_by_what_it_has_besides_and_in_place_of_what_another_one_has(store: TreeStore) -> None:
    base = store.adopt(fill(store.temporary / "d"))
    new = Digest.of(b"new")
    rows: list[list[object]] = [["data/new", "f", new.sha256, 3], ["data/file", "x", new.sha256, 3]]
    directory = fill(store.temporary / "e")
    digest = store.adopt_sealed(directory, store.rows_with(base, rows))
    files = [TreeFile(TreePath("data/new"), new), TreeFile(TreePath("data/file"), new, executable=True)]
    assert store.tree(digest) == Tree.of([*(one for one in CONTENT.entries if one.path != "data/file"), *files])
    with pytest.raises(MissingBlob):
        store.rows_with(Digest.of(b"unknown"), rows)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: (d / "more").touch(),
        lambda d: (d / "data" / "file").write_text("longer"),
        lambda d: (d / "data" / "file").unlink(),
        lambda d: (d / "data" / "file").chmod(0o755),
        lambda d: (d / "empty").rmdir(),
        lambda d: ((d / "data" / "link").unlink(), (d / "data" / "link").symlink_to("elsewhere")),
    ],
)
def test_a_directory_that_is_not_what_its_maker_says_is_refused(
    store: TreeStore, change: Callable[[Path], object]
) -> None:
    directory = fill(store.temporary / "d")
    change(directory)
    with pytest.raises(MisdescribedTree, match="does not hold what was said of it"):
        store.adopt(directory, CONTENT)


def test_the_second_of_two_equal_directories_is_dropped(store: TreeStore) -> None:
    first = store.adopt(fill(store.temporary / "one"))
    inode = store.path_of(first).stat().st_ino
    assert store.adopt(fill(store.temporary / "two")) == first
    assert store.path_of(first).stat().st_ino == inode
    assert list(store.temporary.iterdir()) == []


def test_many_that_adopt_the_same_at_once_all_succeed(store: TreeStore) -> None:
    directories = [fill(store.temporary / str(number)) for number in range(8)]
    digests: list[Digest] = []
    threads = [threading.Thread(target=lambda d=d: digests.append(store.adopt(d))) for d in directories]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert digests == [CONTENT.digest] * 8
    assert scan_tree(store.path_of(CONTENT.digest)) == CONTENT
    assert list(store.temporary.iterdir()) == []


def test_a_tree_whose_description_is_lost_is_not_there(store: TreeStore, tmp_path: Path) -> None:
    digest = store.adopt(fill(store.temporary / "d"))
    [blob] = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    blob.unlink()
    assert not store.has(digest)
    with pytest.raises(MissingBlob):
        store.tree(digest)
    assert store.adopt(fill(store.temporary / "d")) == digest
    assert store.has(digest)


def test_a_removed_tree_is_gone(store: TreeStore) -> None:
    digest = store.adopt(fill(store.temporary / "d"))
    store.remove(digest)
    store.remove(digest)
    assert not store.has(digest) and list(store.temporary.iterdir()) == []


def test_an_empty_directory_is_a_tree(store: TreeStore) -> None:
    (store.temporary / "d").mkdir()
    digest = store.adopt(store.temporary / "d")
    assert store.tree(digest).entries == () and store.path_of(digest).is_dir()


def test_what_is_neither_file_nor_link_nor_directory_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnsupportedEntry, match="neither a file, a link nor a directory"):
        scan_tree(tmp_path)


def test_a_directory_too_deep_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path)
    for _ in range(300):
        path += "/d"
        os.mkdir(path)
    with pytest.raises(UnsupportedEntry, match="deep"):
        scan_tree(tmp_path)


def test_names_that_are_no_text_survive(store: TreeStore) -> None:
    directory = store.temporary / "d"
    directory.mkdir()
    name = os.fsdecode(b"caf\xe9")
    (directory / name).write_text("x")
    digest = store.adopt(directory)
    assert [entry.path for entry in store.tree(digest).entries] == [name]


class FullStore(MemoryBlobStore):
    """A blob store on a full disk."""

    def write(self, digest: Digest, data: bytes) -> None:
        raise NoSpaceLeft("/blobs")


def test_a_full_disk_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = TreeStore(tmp_path / "trees", FullStore())
    directory = fill(store.temporary / "d")
    with pytest.raises(NoSpaceLeft):
        store.adopt(directory)
    assert [path.name for path in (tmp_path / "trees").iterdir()] == ["tmp"]


ADOPTER = """
import os, signal, sys
from pathlib import Path
from venvship.blobs.disk import DiskBlobStore
from venvship.execution.trees import TreeStore

root = Path(sys.argv[1])
store = TreeStore(root / "trees", DiskBlobStore(root / "blobs"))
step = int(sys.argv[2])
directory = store.temporary / "d"
for number in range(20):
    (directory / str(number)).mkdir(parents=True)
    (directory / str(number) / "file").write_text(str(number))

# Die in the middle of the system calls that adopting makes.
calls = 0
def die(event, arguments):
    global calls
    if event in ("os.chmod", "os.rename", "os.mkdir", "open", "os.utime"):
        calls += 1
        if calls == step:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(die)
store.adopt(directory)
print(calls)
"""


def test_a_process_killed_while_adopting_leaves_no_half_tree(tmp_path: Path) -> None:
    def adopt(step: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", ADOPTER, str(tmp_path / str(step)), str(step)], capture_output=True, text=True
        )

    whole = adopt(0)
    assert whole.returncode == 0, whole.stderr
    steps = int(whole.stdout)
    for step in sorted({1, 2, 3, 4, 20, 40, 60, steps - 2, steps - 1, steps} & set(range(1, steps + 1))):
        assert adopt(step).returncode == -signal.SIGKILL
        root = tmp_path / str(step)
        store = TreeStore(root / "trees", DiskBlobStore(root / "blobs"))
        for path in (root / "trees").iterdir():
            if path.name != "tmp":
                assert tree_name(scan_tree(path).digest) == path.name
        directory = store.temporary / "again"
        for number in range(20):
            (directory / str(number)).mkdir(parents=True)
            (directory / str(number) / "file").write_text(str(number))
        assert store.has(store.adopt(directory))
