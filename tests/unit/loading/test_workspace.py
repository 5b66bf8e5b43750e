from __future__ import annotations

import pytest

from venvship.loading.files import MemoryFiles
from venvship.loading.workspace import NotInWorkspace, find_uv_workspace, find_workspace, join_host


@pytest.mark.parametrize("marker", ["MODULE.bazel", "REPO.bazel", "WORKSPACE", "WORKSPACE.bazel"])
def test_the_nearest_directory_with_a_boundary_file_is_the_root(marker: str) -> None:
    files = MemoryFiles({"/w/MODULE.bazel": "", f"/w/in/{marker}": "", "/w/in/a/b/BUILD": "", "/w/c/BUILD": ""})
    assert find_workspace("/w/in/a/b", files) == "/w/in"
    assert find_workspace("/w/c", files) == "/w"
    assert find_workspace("/other", files) is None


def test_a_directory_named_workspace_is_no_boundary() -> None:
    files = MemoryFiles({"/w/MODULE.bazel": "", "/w/a/WORKSPACE/BUILD": ""})
    assert find_workspace("/w/a", files) == "/w"


def test_the_root_of_the_disk_may_be_a_workspace() -> None:
    assert find_workspace("/a", MemoryFiles({"/MODULE.bazel": ""})) == "/"


def test_a_uv_workspace_has_both_files() -> None:
    files = MemoryFiles({"/w/pyproject.toml": "", "/w/uv.lock": "", "/w/lib/pyproject.toml": ""})
    assert find_uv_workspace("/w/lib", files) == "/w"
    assert find_workspace("/w/lib", files) is None


def test_outside_of_a_workspace_the_message_says_what_to_create() -> None:
    assert str(NotInWorkspace("/tmp/x")) == (
        "`/tmp/x` is not inside a workspace\n\nhint: create an empty `MODULE.bazel` in the root of the repository"
    )


def test_host_paths_join_with_one_slash() -> None:
    assert [join_host("/", "a"), join_host("/w/", "a/b"), join_host("/w", ""), join_host("/", "")] == [
        "/a",
        "/w/a/b",
        "/w",
        "/",
    ]
