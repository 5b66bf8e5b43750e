"""The driver of pytest, run as a program of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import venvship.tools.pytest_driver as driver

MODULE = """
import os

def test_one():
    print("one", os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY"), os.environ.get("COVERAGE_FILE"))

def test_two():
    pass
"""

COLLECTED = """
import gc
import weakref

class Circle:
    def __init__(self):
        self.itself = self

def test_collector():
    gc.collect()
    circle = weakref.ref(Circle())
    before = circle() is not None
    gc.collect()
    print(f"enabled {gc.isenabled()}, pytest frozen {gc.get_freeze_count() > 10_000}, {before=}, after={circle()}")
"""


def run(
    tmp_path: Path, *words: str, program: str = "", module: str = MODULE, **environment: str
) -> subprocess.CompletedProcess[str]:
    package = tmp_path / "runfiles" / "_main" / "app"
    package.mkdir(parents=True, exist_ok=True)
    (package / "test_it.py").write_text(module)
    settings = {"modules": ["_main/app/test_it.py"], "chdir": "", "target": "//app:main", "arguments": ["-s", *words]}
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
    assert "2 passed" in done.stdout
    assert "report.xml" not in done.stdout
    report = (tmp_path / "report.xml").read_text()
    # The target itself, not the one that makes its main.
    assert 'name="test_one"' in report and 'testsuite name="//app:it"' in report


def test_a_filter_that_matches_nothing_passes_and_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, TESTBRIDGE_TEST_ONLY="nowhere")
    assert done.returncode == 0
    assert done.stdout.endswith("no test matches `nowhere`\n")
    assert "no test matches" not in run(tmp_path, TESTBRIDGE_TEST_ONLY="one").stdout


def test_plugins_keep_their_files_where_they_can_write(tmp_path: Path) -> None:
    expected = f"one {tmp_path}/hypothesis {tmp_path}/.coverage"
    assert expected in run(tmp_path, TEST_TMPDIR=str(tmp_path)).stdout


SHUFFLED = """
import os

def pytest_collection_modifyitems(items):
    if os.environ["TEST_SHARD_INDEX"] == "1":
        items.reverse()
"""


def test_shards_divide_the_tests_among_them_in_whatever_order_plugins_put_these(tmp_path: Path) -> None:
    package = tmp_path / "runfiles/_main/app"
    package.mkdir(parents=True)
    (package / "conftest.py").write_text(SHUFFLED)
    module = "".join(f"def test_{name}(): pass\n" for name in "dbcae")
    seen: list[str] = []
    for index in ("0", "1"):
        run(tmp_path, module=module, TEST_TOTAL_SHARDS="2", TEST_SHARD_INDEX=index, TEST_TMPDIR=str(tmp_path))
        seen += re.findall(r'testcase [^>]*name="test_(\w+)"', (tmp_path / "report.xml").read_text())
    # Within a shard, in the order that they want.
    assert seen == ["c", "a", "e", "b", "d"]


@pytest.mark.parametrize("words", [(), ("-n", "2")])
def test_shards_divide_the_tests_among_them_whoever_runs_these(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Workers of pytest-xdist collect by themselves."""
    seen: list[str] = []
    for index in ("0", "1"):
        status = tmp_path / f"status{index}"
        shard = {"TEST_TOTAL_SHARDS": "2", "TEST_SHARD_INDEX": index, "TEST_SHARD_STATUS_FILE": str(status)}
        done = run(tmp_path, *words, TEST_TMPDIR=str(tmp_path), **shard)
        assert done.returncode == 0 and status.exists(), done.stdout
        seen += re.findall(r'testcase [^>]*name="(\w+)"', (tmp_path / "report.xml").read_text())
    assert sorted(seen) == ["test_one", "test_two"]


def test_a_target_without_pytest_is_told_what_to_add(tmp_path: Path) -> None:
    # As if the venv of the target had none.
    done = run(tmp_path, program="import sys; sys.modules['pytest'] = None\n")
    assert done.returncode == 1
    assert done.stderr == '//app:it has no pytest; add its distribution, such as "@pypi//pytest", to deps\n'


@pytest.mark.parametrize(("program", "enabled"), [("", True), ("import gc; gc.disable()\n", False)])
def test_garbage_of_tests_is_collected_as_ever_and_pytest_is_left_out(
    tmp_path: Path, program: str, *, enabled: bool
) -> None:
    done = run(tmp_path, program=program, module=COLLECTED)
    assert f"enabled {enabled}, pytest frozen True, before=True, after=None" in done.stdout
