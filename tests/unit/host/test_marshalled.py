from __future__ import annotations

import os
from pathlib import Path

import pytest

from venvship.host.marshalled import packed, read_own, unpacked

MAGIC = b"ours 1\n"
VALUE = {"a": [1, "text", (None, 2.5)], "b": b"bytes"}


def test_what_was_packed_is_unpacked() -> None:
    assert unpacked(MAGIC, packed(MAGIC, VALUE)) == VALUE


@pytest.mark.parametrize("change", [0, len(MAGIC), len(MAGIC) + 8, -1])
def test_a_file_that_was_changed_or_cut_off_holds_nothing(change: int) -> None:
    data = bytearray(packed(MAGIC, VALUE))
    assert all(unpacked(MAGIC, bytes(data[:size])) is None for size in range(len(data)))
    data[change] ^= 1
    assert unpacked(MAGIC, bytes(data)) is None


def test_the_file_of_another_version_holds_nothing() -> None:
    assert unpacked(b"ours 2\n", packed(MAGIC, VALUE)) is None


@pytest.mark.parametrize(("mode", "read"), [(0o600, True), (0o644, True), (0o664, False), (0o646, False)])
def test_only_files_that_nobody_else_can_write_are_read(tmp_path: Path, mode: int, read: bool) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    file.chmod(mode)
    assert read_own(str(file)) == (b"x" if read else None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_of_others_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    os.chown(file, 65534, 65534)
    assert read_own(str(file)) is None


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    assert read_own(str(tmp_path)) is None
    assert read_own(str(tmp_path / "missing")) is None
