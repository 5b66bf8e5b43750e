from __future__ import annotations

import os
from pathlib import Path

import pytest

from venvship.loading.code_cache import DiskCodeCache, compiled
from venvship.loading.disk_files import MAX_SOURCE_BYTES, DiskFiles, SourceTooLarge
from venvship.loading.files import DirectoryEntry, EntryKind, RecordedFiles
from venvship.memo.computation import Memo
from venvship.memo.keys import DirectoryEntries, EntryState, FileContent
from venvship.starlark.dialect import Dialect


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"f")
    (tmp_path / "link").symlink_to("d/f")
    (tmp_path / "dirlink").symlink_to("d")
    (tmp_path / "broken").symlink_to("gone")
    (tmp_path / "circle").symlink_to("circle")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def test_the_disk_is_seen_through_links(tree: Path) -> None:
    files = DiskFiles()
    assert files.list_directory(str(tree)) == (
        DirectoryEntry("broken", EntryKind.ABSENT, True),
        DirectoryEntry("circle", EntryKind.ABSENT, True),
        DirectoryEntry("d", EntryKind.DIRECTORY, False),
        DirectoryEntry("dirlink", EntryKind.DIRECTORY, True),
        DirectoryEntry("link", EntryKind.FILE, True),
        DirectoryEntry("pipe", EntryKind.OTHER, False),
    )
    assert files.read(f"{tree}/dirlink/f") == b"f"
    assert files.real_path(f"{tree}/dirlink/f") == os.path.realpath(f"{tree}/d/f")


@pytest.mark.parametrize("path", ["gone", "d", "d/f/below", "broken", "circle", "pipe"])
def test_what_is_no_file_has_no_content(tree: Path, path: str) -> None:
    assert DiskFiles().read(f"{tree}/{path}") is None
    assert DiskFiles().kind(f"{tree}/{path}") is not EntryKind.FILE


def test_a_directory_that_is_none_has_no_entries(tree: Path) -> None:
    assert DiskFiles().list_directory(f"{tree}/gone") == ()
    assert DiskFiles().list_directory(f"{tree}/d/f") == ()


def test_no_program_is_as_large_as_a_disk_image(tmp_path: Path) -> None:
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(MAX_SOURCE_BYTES + 1)
    with pytest.raises(SourceTooLarge, match="more than the"):
        DiskFiles().read(f"{tmp_path}/huge")


def test_each_look_is_recorded_and_happens_once(tree: Path) -> None:
    memo = Memo()
    files = RecordedFiles(DiskFiles(), memo)
    for _ in range(2):
        assert files.read(f"{tree}/d/f") == b"f"
        assert files.kind(f"{tree}/gone") is EntryKind.ABSENT
        assert [entry.name for entry in files.list_directory(f"{tree}/d")] == ["f"]
        (tree / "d" / "f").write_bytes(b"changed")
        (tree / "d" / "g").touch()
    assert {key for key, _ in memo.observations()} == {
        FileContent(f"{tree}/d/f"),
        EntryState(f"{tree}/gone"),
        DirectoryEntries(f"{tree}/d"),
    }


def test_programs_are_kept_on_the_disk_and_damage_is_noticed(tmp_path: Path) -> None:
    cache = DiskCodeCache(str(tmp_path / "code"))
    source = b"x = 1\n"

    def program() -> frozenset[str]:
        return compiled(source, filename="BUILD", dialect=Dialect.BUILD, cache=cache).global_names

    assert program() == frozenset({"x"})
    [stored] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert program() == frozenset({"x"})
    stored.write_bytes(stored.read_bytes()[:-3])
    assert program() == frozenset({"x"})
    assert cache.get("ab" * 32) is None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "code").write_bytes(b"a file")
    cache = DiskCodeCache(str(tmp_path / "code"))
    cache.put("ab" * 32, b"data")
    assert cache.get("ab" * 32) is None
