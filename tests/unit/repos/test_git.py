"""Commits that are checked out, with the real git."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from venvship.host.processes import Children
from venvship.repos.git import GitFailed, LargeFiles, check_out


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

    def checked_out() -> None:
        kept = LargeFiles.FILLED_IN
        check_out(remote.as_uri(), "main", target, children=Children(), large_files=kept, environment=environment)

    with pytest.raises(GitFailed, match="install `git-lfs`"):
        checked_out()
    assert not list(target.iterdir())
    (programs / "git-lfs").write_text("#!/bin/sh\n")
    (programs / "git-lfs").chmod(0o755)
    checked_out()
    assert (target / "a").read_text() == "content"


@pytest.mark.peers
@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="needs git-lfs")
def test_large_files_are_filled_in_where_a_lock_says_so_whatever_git_is_set_up_for(tmp_path: Path) -> None:
    plain, set_up = tmp_path / "plain", tmp_path / "set up"
    for home in (plain, set_up):
        home.mkdir()

    def git(*words: str, home: Path = set_up, directory: Path = tmp_path) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", *words], cwd=directory, env=environment, check=True, capture_output=True)

    git("lfs", "install")
    git("config", "--global", "user.name", "a")
    git("config", "--global", "user.email", "a@b.example")
    git("init", "--quiet", "--initial-branch=main", "remote")
    remote = tmp_path / "remote"
    (remote / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (remote / "large.bin").write_text("large\n")
    for words in (["add", "."], ["commit", "--quiet", "--message=a"]):
        git(*words, directory=remote)
    filled = {}
    for home in (plain, set_up):
        for kept in LargeFiles:
            target = tmp_path / f"{home.name} {kept.name}"
            target.mkdir()
            environment = {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
            check_out(remote.as_uri(), "main", target, children=Children(), large_files=kept, environment=environment)
            filled[home.name, kept] = (target / "large.bin").read_text() == "large\n"
    assert {key for key, whole in filled.items() if whole} == {
        ("plain", LargeFiles.FILLED_IN),
        ("set up", LargeFiles.FILLED_IN),
        ("set up", LargeFiles.AS_SET_UP),
    }
