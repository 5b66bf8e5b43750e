from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest

from venvship.host import files
from venvship.host.files import NoSpaceLeft, NotWritable, disk_problems


def test_a_file_appears_with_content_and_mode(tmp_path: Path) -> None:
    target = tmp_path / "file"
    files.write_atomically(target, b"one")
    files.write_atomically(target, b"two", mode=0o555)
    assert target.read_bytes() == b"two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o555
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_said_in_words() -> None:
    with (
        pytest.raises(NoSpaceLeft) as caught,
        disk_problems("/cache/blobs"),
        open("/dev/full", "wb", buffering=0) as full,
    ):
        full.write(b"x")
    assert "`/cache/blobs`" in str(caught.value)
    assert "--output_user_root" in str(caught.value)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_place_that_cannot_be_written_is_said_in_words(number: int) -> None:
    with pytest.raises(NotWritable, match="can't write `/somewhere`"), disk_problems("/somewhere"):
        raise OSError(number, "")


def test_other_errors_rise_as_they_are() -> None:
    with pytest.raises(FileNotFoundError), disk_problems("x"):
        raise FileNotFoundError(errno.ENOENT, "")


def test_a_link_or_a_copy_has_content_mode_and_time(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("x")
    source.chmod(0o555)
    os.utime(source, (1000, 1000))
    assert files.link_or_copy(source, tmp_path / "link")
    assert (tmp_path / "link").stat().st_ino == source.stat().st_ino
    files.copy_file(source, tmp_path / "copy")
    copied = (tmp_path / "copy").stat()
    assert copied.st_ino != source.stat().st_ino
    assert (copied.st_mode & 0o777, int(copied.st_mtime)) == (0o555, 1000)


def test_linking_to_another_file_system_copies(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("x")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        files.link_or_copy(source, Path(elsewhere, "target"))
        assert Path(elsewhere, "target").read_text() == "x"


def make_tree(root: Path) -> None:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_text("x")
    (root / "a" / "file").write_text("x")
    (root / "a" / "b").chmod(0o555)
    (root / "a").chmod(0o500)


def test_read_only_directories_are_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    root = tmp_path / "root"
    make_tree(root)
    (root / "link").symlink_to(outside)
    root.chmod(0o555)
    files.remove(root)
    assert not root.exists()
    assert (outside / "kept").exists()


def test_removing_takes_anything_and_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("file", "dangling", "missing"):
        files.remove(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_very_deep_directories_are_removed(tmp_path: Path) -> None:
    path = str(tmp_path / "d")
    for _ in range(300):
        os.mkdir(path)
        path += "/dddddd"
    files.remove(tmp_path / "d")
    assert list(tmp_path.iterdir()) == []


KINDS = ("nothing", "file", "link", "directory", "full directory", "link to directory")


def make(kind: str, path: Path, mark: str) -> None:
    match kind:
        case "file":
            path.write_text(mark)
        case "link":
            path.symlink_to(mark)
        case "directory":
            path.mkdir()
        case "full directory":
            path.mkdir()
            (path / mark).write_text(mark)
        case "link to directory":
            (path.parent / "elsewhere").mkdir(exist_ok=True)
            (path.parent / "elsewhere" / "kept").touch()
            path.symlink_to("elsewhere")


@pytest.mark.parametrize("old", KINDS)
@pytest.mark.parametrize("new", KINDS[1:])
def test_anything_takes_the_place_of_anything(tmp_path: Path, old: str, new: str) -> None:
    trash = tmp_path / "trash"
    trash.mkdir()
    make(old, tmp_path / "path", "old")
    make(new, tmp_path / "new", "new")
    files.replace(tmp_path / "new", tmp_path / "path", trash=trash)
    expected = tmp_path / "expected"
    make(new, expected, "new")
    path = tmp_path / "path"
    assert stat.S_IFMT(path.lstat().st_mode) == stat.S_IFMT(expected.lstat().st_mode)
    if path.is_dir():
        assert sorted(os.listdir(path)) == sorted(os.listdir(expected))
    assert not os.path.lexists(tmp_path / "new")
    assert list(trash.iterdir()) == []
    if "link to directory" in (old, new):
        assert (tmp_path / "elsewhere" / "kept").exists()


def test_a_file_takes_the_place_of_its_own_hard_link(tmp_path: Path) -> None:
    (tmp_path / "path").write_text("x")
    os.link(tmp_path / "path", tmp_path / "new")
    files.replace(tmp_path / "new", tmp_path / "path", trash=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["path"]


def test_only_old_temporary_files_are_removed(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").touch()
    (tmp_path / "young").touch()
    os.utime(tmp_path / "old", (1000, 1000))
    now = (tmp_path / "young").stat().st_mtime
    files.remove_stale(tmp_path, older_than_seconds=60, now=now)
    files.remove_stale(tmp_path / "missing", older_than_seconds=60, now=now)
    assert [path.name for path in tmp_path.iterdir()] == ["young"]


def test_the_end_of_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"0123456789")
    assert files.read_tail(tmp_path / "log", 3) == b"789"
    assert files.read_tail(tmp_path / "log", 100) == b"0123456789"
