from __future__ import annotations

import os
from pathlib import Path

import pytest

from venvship.host.links import KnownLinks, link_text, symlink


def test_a_link_replaces_whatever_is_there(tmp_path: Path) -> None:
    path = tmp_path / "path"
    symlink(path, "one")
    symlink(path, "two")
    assert os.readlink(path) == "two"
    path.unlink()
    path.write_text("x")
    symlink(path, "three")
    assert os.readlink(path) == "three"
    path.unlink()
    (path / "below").mkdir(parents=True)
    symlink(path, "four")
    assert os.readlink(path) == "four"
    assert [entry.name for entry in tmp_path.iterdir()] == ["path"]


def test_only_links_have_a_text(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("../any where")
    (tmp_path / "file").touch()
    assert link_text(tmp_path / "link") == "../any where"
    assert link_text(tmp_path / "file") is None
    assert link_text(tmp_path / "missing") is None


def test_links_with_one_text_are_one_inode_where_one_has_come_to_its_place(tmp_path: Path) -> None:
    known = KnownLinks()
    for name in ("one", "two", "other"):
        (tmp_path / name).mkdir()
    known.make("../text", f"{tmp_path}/one/a")
    known.note(f"{tmp_path}/one", [("a", "../text"), ("file", None)])
    known.make("../text", f"{tmp_path}/two/b")
    known.make("../another", f"{tmp_path}/other/c")
    assert (tmp_path / "one/a").lstat().st_ino == (tmp_path / "two/b").lstat().st_ino
    assert link_text(tmp_path / "two/b") == "../text" and link_text(tmp_path / "other/c") == "../another"


@pytest.mark.parametrize("became", ["another link", "a file", "a directory", "nothing"])
def test_a_known_link_that_became_something_else_is_not_believed(tmp_path: Path, became: str) -> None:
    known = KnownLinks()
    first = tmp_path / "first"
    known.make("text", str(first))
    known.note(str(tmp_path), [("first", "text")])
    first.unlink()
    match became:
        case "another link":
            first.symlink_to("elsewhere")
        case "a file":
            first.write_text("text")
        case "a directory":
            first.mkdir()
    known.make("text", f"{tmp_path}/second")
    assert link_text(tmp_path / "second") == "text"
    assert became != "a file" or first.read_text() == "text"


def test_where_a_link_would_come_something_that_is_there_stays(tmp_path: Path) -> None:
    known = KnownLinks()
    known.make("text", f"{tmp_path}/first")
    known.note(str(tmp_path), [("first", "text")])
    (tmp_path / "second").write_text("kept")
    with pytest.raises(FileExistsError):
        known.make("text", f"{tmp_path}/second")
    assert (tmp_path / "second").read_text() == "kept"
