from __future__ import annotations

from pathlib import Path

from venvship.execution.layout import Layout, default_user_root


def test_the_user_root_follows_the_base_directory_specification() -> None:
    assert default_user_root({"XDG_CACHE_HOME": "/c", "HOME": "/h"}) == Path("/c/venvship")
    assert default_user_root({"XDG_CACHE_HOME": "relative", "HOME": "/h"}) == Path("/h/.cache/venvship")
    assert default_user_root({"HOME": "/h"}) == Path("/h/.cache/venvship")


def test_workspaces_have_output_bases_of_their_own_and_share_the_stores(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "link").symlink_to("one")
    one, two, same = (Layout.of(tmp_path / name, tmp_path / "cache") for name in ("one", "two", "link"))
    assert one == same and one.output_base != two.output_base
    assert (one.blobs, one.trees, one.actions) == (two.blobs, two.trees, two.actions)
    assert one.exec_root.name == "_main"
    assert one.temporary.is_relative_to(one.output_base) and one.lock.is_relative_to(one.output_base)
