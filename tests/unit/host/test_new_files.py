from __future__ import annotations

import os
from pathlib import Path

import pytest

from venvship.host.new_files import lay_forest, write_new


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_new_file_has_its_permissions_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_new(str(tmp_path / "new"), b"text", 0o555)
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o555
    assert (tmp_path / "new").read_bytes() == b"text"


def test_what_is_there_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "link").symlink_to("old")
    for name in ("old", "link"):
        with pytest.raises(FileExistsError):
            write_new(str(tmp_path / name), b"new", 0o444)
    assert (tmp_path / "old").read_bytes() == b"old"


def test_a_forest_has_links_and_files_that_nobody_writes(tmp_path: Path) -> None:
    lay_forest(
        str(tmp_path),
        [("lib/a/link", "../../elsewhere"), ("top", "lib")],
        [("lib/a/file", b"1", False), ("bin/run", b"2", True)],
        make_link=os.symlink,
    )
    assert os.readlink(tmp_path / "lib/a/link") == "../../elsewhere" and os.readlink(tmp_path / "top") == "lib"
    assert (tmp_path / "lib/a/file").read_bytes() == b"1" and (tmp_path / "bin/run").read_bytes() == b"2"
    assert [(tmp_path / path).stat().st_mode & 0o777 for path in ("lib/a/file", "bin/run")] == [0o444, 0o555]
