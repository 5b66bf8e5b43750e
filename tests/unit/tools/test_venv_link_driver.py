"""The driver of `py_venv_link`, run as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import venvship.tools.venv_link_driver as driver


def run(tmp_path: Path, *words: str, link: str = ".v", runfiles: str = "tree") -> subprocess.CompletedProcess[str]:
    (tmp_path / "tree").mkdir(exist_ok=True)
    settings = json.dumps({"venv": "_main/app/.v", "link": link})
    return subprocess.run(
        [sys.executable, "-c", f"import sys; from venv_link_driver import main; sys.exit(main({settings!r}))", *words],
        env={
            "PYTHONPATH": str(Path(driver.__file__).parent),
            "RUNFILES_DIR": str(tmp_path / runfiles) if runfiles else "",
            "BUILD_WORKING_DIRECTORY": str(tmp_path),
            "BAZEL_TARGET": "//app:link",
        },
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(("words", "name"), [((), ".v"), (("other",), "other")])
def test_a_link_is_made_and_made_again(tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    for _ in range(2):
        done = run(tmp_path, *words)
        assert (done.returncode, done.stdout) == (0, f"{tmp_path}/{name}/_main/app/.v\n")
        assert os.readlink(tmp_path / name) == str(tmp_path / "tree")


def test_what_is_in_the_way_stays(tmp_path: Path) -> None:
    (tmp_path / ".v").mkdir()
    done = run(tmp_path)
    assert (done.returncode, done.stderr) == (1, f"{tmp_path}/.v is in the way: it is no link\n")


def test_what_can_not_be_made_is_told(tmp_path: Path) -> None:
    done = run(tmp_path, link="nowhere/.v")
    assert (done.returncode, done.stderr) == (1, f"{tmp_path}/nowhere/.v can't be made: No such file or directory\n")
    done = run(tmp_path, runfiles="")
    assert done.returncode == 1 and "there is none" in done.stderr


def test_unknown_words_are_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "--force")
    assert done.returncode == 2 and "unrecognized arguments: --force" in done.stderr
    assert run(tmp_path, "a", "b").returncode == 2 and [path.name for path in tmp_path.iterdir()] == ["tree"]
