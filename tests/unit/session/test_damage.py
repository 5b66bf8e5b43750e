from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from venvship.blobs.disk import DiskBlobStore
from venvship.execution.trees import TreeStore
from venvship.host.locks import FileLock, LockHeld
from venvship.model.digest import Digest
from venvship.session.damage import remove_damaged


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree in a store below `tmp_path`."""
    store = TreeStore(tmp_path / "trees", DiskBlobStore(tmp_path / "blobs"))
    made = store.temporary / "made"
    (made / "inner").mkdir(parents=True)
    (made / "inner/file").write_text("content")
    return store.path_of(store.adopt(made))


def test_whole_stores_lose_nothing(tmp_path: Path, tree: Path) -> None:
    verified = remove_damaged(tmp_path)
    assert verified.entries == 2 and verified.damaged == () and tree.is_dir()


@pytest.mark.parametrize("change", ["content", "truncated", "missing", "more"])
def test_a_tree_that_holds_something_else_is_removed(tmp_path: Path, tree: Path, change: str) -> None:
    file = tree / "inner/file"
    file.parent.chmod(0o755)
    file.chmod(0o644)
    match change:
        case "content":
            file.write_text("CONTENT")
        case "truncated":
            file.write_text("")
        case "missing":
            file.unlink()
        case _:
            (tree / "inner/more").touch()
    assert remove_damaged(tmp_path).damaged == (f"trees/{tree.name}",)
    assert not tree.exists() and remove_damaged(tmp_path).damaged == ()


def test_blobs_and_wheels_with_other_content_are_removed(tmp_path: Path) -> None:
    DiskBlobStore(tmp_path / "blobs").write(Digest.of(b"blob"), b"blob")
    blob = DiskBlobStore(tmp_path / "blobs").path_of(Digest.of(b"blob"))
    blob.chmod(0o644)
    blob.write_bytes(b"gone")
    name = hashlib.sha256(b"wheel").hexdigest()
    wheels = [tmp_path / "wheels" / name / f"{each}-1.0-py3-none-any.whl" for each in ("right", "wrong")]
    for path in wheels:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"wheel" if path is wheels[0] else b"other")
    damaged = remove_damaged(tmp_path).damaged
    assert damaged == (f"blobs/{blob.parent.name}/{blob.name}", f"wheels/{name}/{wheels[1].name}")
    assert wheels[0].exists() and not wheels[1].exists() and not blob.exists()


def test_stamps_go_with_what_is_damaged(tmp_path: Path, tree: Path) -> None:
    stamps = tmp_path / "workspaces/w/stamps"
    stamps.mkdir(parents=True)
    remove_damaged(tmp_path)
    assert stamps.is_dir()
    (tree / "inner").chmod(0o755)
    (tree / "inner/more").touch()
    remove_damaged(tmp_path)
    assert not stamps.exists()


def test_runfiles_that_a_copied_cache_leads_to_are_left_alone(tmp_path: Path) -> None:
    first, copied = tmp_path / "first", tmp_path / "copied"
    for root in (first, copied):
        runfiles = root / "workspaces/w/r/app.runfiles"
        runfiles.mkdir(parents=True)
        (runfiles / "file").touch()
    programs = copied / "workspaces/w/execroot/bin"
    programs.mkdir(parents=True)
    (programs / "app.runfiles_stamp").write_text("another stamp")
    (programs / "app.runfiles").symlink_to(first / "workspaces/w/r/app.runfiles")
    assert remove_damaged(copied).damaged == () and (first / "workspaces/w/r/app.runfiles/file").exists()

    (programs / "app.runfiles").unlink()
    (programs / "app.runfiles").symlink_to(copied / "workspaces/w/r/app.runfiles")
    assert remove_damaged(copied).damaged == ("workspaces/w/r/app.runfiles",)
    assert not (copied / "workspaces/w/r/app.runfiles").exists()


def test_a_build_that_runs_is_not_disturbed(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "workspaces/w").mkdir(parents=True)
    with FileLock(tmp_path / "workspaces/w/lock"), pytest.raises(LockHeld):
        remove_damaged(tmp_path, block=False)
