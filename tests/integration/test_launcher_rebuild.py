"""The committed launcher templates are what their source makes, wherever it is compiled."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LAUNCHERS = ROOT / "src/venvship/launchers"


def build(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools/build_launchers.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.slow
def test_templates_are_rebuilt_byte_for_byte_in_another_directory_with_an_empty_cache(tmp_path: Path) -> None:
    source = tmp_path / "somewhere else" / "source"
    shutil.copytree(LAUNCHERS / "source", source)
    templates = tmp_path / "templates"

    done = build("--source", source, "--output", templates, "--cache", tmp_path / "cache")

    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in templates.iterdir())
    assert names == sorted(path.name for path in (LAUNCHERS / "templates").iterdir())
    different = [
        name for name in names if (templates / name).read_bytes() != (LAUNCHERS / "templates" / name).read_bytes()
    ]
    assert different == [], "run tools/build_launchers.py, and commit what it writes"


@pytest.mark.slow
def test_the_check_names_templates_that_differ(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(LAUNCHERS / "templates", templates)
    with (templates / "linux_x86_64").open("ab") as file:
        file.write(b"more")
    done = build("--check", "--output", templates)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "`linux_x86_64` is not what its source makes",
        "hint: run tools/build_launchers.py, and commit what it writes",
    ]
