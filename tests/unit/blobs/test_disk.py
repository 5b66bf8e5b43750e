from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from venvship.blobs.disk import DiskBlobStore, blob_time, digest_of_file
from venvship.blobs.store import DigestMismatch, MissingBlob
from venvship.errors import InternalError
from venvship.model.digest import Digest

HELLO = Digest.of(b"hello")


@pytest.fixture
def store(tmp_path: Path) -> DiskBlobStore:
    return DiskBlobStore(tmp_path / "blobs")


def files_in(store: DiskBlobStore) -> list[str]:
    return sorted(str(path.relative_to(store.directory)) for path in store.directory.rglob("*") if path.is_file())


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_output_is_a_hard_link_of_its_blob(store: DiskBlobStore, tmp_path: Path) -> None:
    store.write(HELLO, b"hello")
    store.link_to(HELLO, tmp_path / "one")
    store.link_to(HELLO, tmp_path / "two")
    assert (tmp_path / "one").stat().st_ino == (tmp_path / "two").stat().st_ino == store.path_of(HELLO).stat().st_ino
    assert mode_of(tmp_path / "one") == 0o444
    with pytest.raises(FileExistsError):
        store.link_to(HELLO, tmp_path / "one")


def test_the_executable_twin_is_made_by_need(store: DiskBlobStore, tmp_path: Path) -> None:
    store.write(HELLO, b"hello")
    assert files_in(store) == [f"{HELLO.sha256[:2]}/{HELLO.sha256}"]
    store.link_to(HELLO, tmp_path / "run", executable=True)
    assert mode_of(tmp_path / "run") == 0o555
    assert (tmp_path / "run").read_bytes() == b"hello"
    assert len(files_in(store)) == 2


def test_a_file_is_adopted_without_a_copy(store: DiskBlobStore, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"hello")
    inode = made.stat().st_ino
    assert store.adopt(made) == HELLO
    assert not made.exists()
    assert store.path_of(HELLO).stat().st_ino == inode
    again = tmp_path / "again"
    again.write_bytes(b"hello")
    assert store.adopt(again) == HELLO
    assert not again.exists()
    assert store.path_of(HELLO).stat().st_ino == inode


def test_a_blob_that_is_only_executable_can_be_read_and_linked_plainly(store: DiskBlobStore, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.write_bytes(b"hello")
    store.adopt(made, executable=True)
    assert store.read(HELLO) == b"hello"
    store.link_to(HELLO, tmp_path / "plain")
    assert mode_of(tmp_path / "plain") == 0o444


def test_adopting_a_file_with_other_names_leaves_these_alone(store: DiskBlobStore, tmp_path: Path) -> None:
    source, made = tmp_path / "source", tmp_path / "made"
    source.write_bytes(b"hello")
    source.chmod(0o640)
    os.link(source, made)
    before = source.stat()
    assert store.adopt(made) == HELLO
    after = source.stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert not made.exists()
    assert store.path_of(HELLO).stat().st_ino != before.st_ino


def test_only_regular_files_are_adopted(store: DiskBlobStore, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    for path in (tmp_path / "link", tmp_path):
        with pytest.raises(InternalError, match="no regular file"):
            store.adopt(path)


def test_adding_keeps_the_file(store: DiskBlobStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"hello")
    assert store.add(tmp_path / "file") == HELLO
    assert (tmp_path / "file").exists() and store.has(HELLO)


def test_a_missing_blob_is_a_miss(store: DiskBlobStore, tmp_path: Path) -> None:
    assert store.find_missing([HELLO]) == {HELLO}
    for use in (store.read, store.path_of, lambda digest: store.link_to(digest, tmp_path / "x")):
        with pytest.raises(MissingBlob) as caught:
            use(HELLO)
        assert HELLO.sha256 in str(caught.value)


def test_content_that_is_not_what_it_should_be_is_refused(store: DiskBlobStore) -> None:
    with pytest.raises(DigestMismatch):
        store.write(HELLO, b"hallo")
    assert files_in(store) == []


@pytest.mark.parametrize("harm", [b"hallo", b"hello there", b""])
def test_a_blob_that_was_written_into_is_never_handed_out(store: DiskBlobStore, tmp_path: Path, harm: bytes) -> None:
    store.write(HELLO, b"hello")
    store.link_to(HELLO, tmp_path / "output")
    (tmp_path / "output").chmod(0o644)
    (tmp_path / "output").write_bytes(harm)
    (tmp_path / "output").chmod(0o444)
    assert store.find_missing([HELLO]) == {HELLO}
    with pytest.raises(MissingBlob):
        store.link_to(HELLO, tmp_path / "other", executable=True)
    store.write(HELLO, b"hello")
    assert store.read(HELLO) == b"hello"


def test_a_change_that_hides_its_time_is_found_when_the_blob_is_read(store: DiskBlobStore) -> None:
    store.write(HELLO, b"hello")
    path = store.path_of(HELLO)
    path.chmod(0o644)
    path.write_bytes(b"hallo")
    os.utime(path, (blob_time(HELLO), blob_time(HELLO)))
    path.chmod(0o444)
    with pytest.raises(MissingBlob):
        store.read(HELLO)
    assert not store.has(HELLO)


def test_a_blob_without_any_file_is_written_again_after_the_store_lost_directories(store: DiskBlobStore) -> None:
    store.write(HELLO, b"hello")
    path = store.path_of(HELLO)
    path.unlink()
    path.parent.rmdir()
    store.write(HELLO, b"hello")
    assert store.has(HELLO)


def test_times_follow_from_content(store: DiskBlobStore) -> None:
    digests = [Digest.of(str(number).encode()) for number in range(100)]
    for number, digest in enumerate(digests):
        store.write(digest, str(number).encode())
    assert len({blob_time(digest) for digest in digests}) == 100
    assert all(store.path_of(digest).stat().st_mtime == blob_time(digest) for digest in digests)


def test_nothing_temporary_is_left(store: DiskBlobStore, tmp_path: Path) -> None:
    store.write(HELLO, b"hello")
    (tmp_path / "file").write_bytes(b"hello")
    store.add(tmp_path / "file", executable=True)
    assert list((store.directory / "tmp").iterdir()) == []


def test_a_file_of_any_size_is_hashed(tmp_path: Path) -> None:
    data = os.urandom(3_000_001)
    (tmp_path / "big").write_bytes(data)
    assert digest_of_file(tmp_path / "big") == Digest.of(data)
