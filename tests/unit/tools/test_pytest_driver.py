"""The driver of pytest, run as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import venvship.tools.pytest_driver as driver

MODULE = """
import os

def test_one():
    print("one", os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY"))
"""


def run(tmp_path: Path, *, program: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    package = tmp_path / "runfiles" / "_main" / "app"
    package.mkdir(parents=True, exist_ok=True)
    (package / "test_it.py").write_text(MODULE)
    settings = {"modules": ["_main/app/test_it.py"], "chdir": "", "target": "//app:it", "arguments": ["-s"]}
    start = f"{program}import sys; from pytest_driver import main; sys.exit(main({json.dumps(settings)!r}))"
    return subprocess.run(
        [sys.executable, "-c", start],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(driver.__file__).parent),
            "RUNFILES_DIR": str(tmp_path / "runfiles"),
            "TEST_TARGET": "//app:it",
            "XML_OUTPUT_FILE": str(tmp_path / "report.xml"),
            **environment,
        },
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=False,
    )


def test_the_report_is_written_and_its_passing_place_is_not_told(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "report.xml" not in done.stdout
    assert 'name="test_one"' in (tmp_path / "report.xml").read_text()


def test_a_filter_that_matches_nothing_passes_and_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, TESTBRIDGE_TEST_ONLY="nowhere")
    assert done.returncode == 0
    assert done.stdout.endswith("no test matches `nowhere`\n")
    assert "no test matches" not in run(tmp_path, TESTBRIDGE_TEST_ONLY="one").stdout


def test_hypothesis_keeps_its_examples_where_it_can_write(tmp_path: Path) -> None:
    assert f"one {tmp_path}/hypothesis" in run(tmp_path, TEST_TMPDIR=str(tmp_path)).stdout


def test_a_target_without_pytest_is_told_what_to_add(tmp_path: Path) -> None:
    # As if the venv of the target had none.
    done = run(tmp_path, program="import sys; sys.modules['pytest'] = None\n")
    assert done.returncode == 1
    assert done.stderr == '//app:it has no pytest; add its distribution, such as "@pypi//pytest", to deps\n'
