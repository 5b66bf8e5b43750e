from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from venvship.errors import UserError
from venvship.repos.sdist_reader import metadata_of_sdist


def archive(path: Path, files: Mapping[str, str], links: Mapping[str, str] = {}) -> Path:
    with tarfile.open(path, "w:gz") as made:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            made.addfile(info, io.BytesIO(text.encode()))
        for name, target in links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            made.addfile(info)
    return path


def test_what_an_archive_needs_is_read_without_a_build(tmp_path: Path) -> None:
    files = {"a-1/PKG-INFO": "Name: a\n", "a-1/src/a.egg-info/requires.txt": "one\n"}
    scratch = tmp_path / "scratch"
    made = archive(tmp_path / "a-1.tar.gz", files)
    assert metadata_of_sdist(made, made.name, scratch=scratch) == b"Name: a\nRequires-Dist: one\n"
    with zipfile.ZipFile(tmp_path / "a-1.zip", "w") as written:
        written.writestr("a-1/PKG-INFO", "Requires-Dist: two\n")
    assert metadata_of_sdist(tmp_path / "a-1.zip", "a-1.zip", scratch=scratch) == b"Requires-Dist: two\n"
    assert not list(scratch.iterdir())


def test_an_archive_that_says_nothing_needs_nothing(tmp_path: Path) -> None:
    empty = archive(tmp_path / "empty.tar.gz", {})
    linked = archive(tmp_path / "linked.tar.gz", {"a-1/other": "Requires-Dist: x\n"}, {"a-1/PKG-INFO": "other"})
    for made in (empty, linked):
        assert metadata_of_sdist(made, made.name, scratch=tmp_path / "scratch") == b""


def test_an_archive_that_leads_out_is_refused(tmp_path: Path) -> None:
    made = archive(tmp_path / "a-1.tar.gz", {"../PKG-INFO": "Requires-Dist: x\n"})
    with pytest.raises(UserError, match=r"a-1\.tar\.gz"):
        metadata_of_sdist(made, made.name, scratch=tmp_path / "scratch")
    assert not (tmp_path / "PKG-INFO").exists()
