from __future__ import annotations

import os
from pathlib import Path

from venvship.host.links import link_text, symlink


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
