"""Commits that are checked out, with the real git."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from venvship.host.processes import Children
from venvship.repos.git import GitFailed, check_out


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory of programs that has git alone."""
    git = shutil.which("git")
    assert git is not None
    found = tmp_path / "bin"
    found.mkdir()
    (found / "git").symlink_to(git)
    return found


def test_large_files_need_git_lfs(tmp_path: Path, programs: Path) -> None:
    remote, target = tmp_path / "remote", tmp_path / "target"
    for directory in (remote, target):
        directory.mkdir()
    (remote / "a").write_text("content")
    for words in (["init", "--quiet", "--initial-branch=main"], ["add", "."], ["commit", "--quiet", "--message=a"]):
        user = ("-c", "user.name=a", "-c", "user.email=a@b.example")
        subprocess.run(["git", *user, *words], cwd=remote, check=True)
    environment = {"PATH": str(programs), "HOME": str(tmp_path)}

    def checked_out(*, large_files: bool) -> None:
        address = remote.as_uri()
        check_out(address, "main", target, children=Children(), large_files=large_files, environment=environment)

    with pytest.raises(GitFailed, match="install `git-lfs`"):
        checked_out(large_files=True)
    assert not list(target.iterdir())
    (programs / "git-lfs").write_text("#!/bin/sh\n")
    (programs / "git-lfs").chmod(0o755)
    checked_out(large_files=True)
    assert (target / "a").read_text() == "content"
