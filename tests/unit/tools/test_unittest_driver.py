"""The driver of unittest, run as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import pytest

import venvship.tools.unittest_driver as driver

MODULE = """
import unittest

class Sums(unittest.TestCase):
    def test_adds(self):
        self.assertEqual(1 + 1, 2)

    def test_fails(self):
        print("noise")
        self.assertEqual(1 + 1, 3, "\\x00 <&>")

    @unittest.skip("not today")
    def test_skips(self):
        pass

    def test_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertLess(number, 2)
"""
GOOD = "import unittest\n\nclass Good(unittest.TestCase):\n    def test_one(self): pass\n    def test_two(self): pass\n"


@dataclass(frozen=True)
class Ran:
    code: int
    output: str
    report: Path


@pytest.fixture
def runfiles(tmp_path: Path) -> Path:
    package = tmp_path / "runfiles" / "_main" / "app"
    package.mkdir(parents=True)
    (package / "bad_test.py").write_text(MODULE)
    (package / "good_test.py").write_text(GOOD)
    (package / "empty_test.py").write_text("")
    return tmp_path / "runfiles"


def run(runfiles: Path, module: str, *arguments: str, **environment: str) -> Ran:
    settings = {"modules": [f"_main/app/{module}"], "arguments": [], "chdir": "", "target": "//app:main"}
    report = runfiles.parent / "test.xml"
    code = f"import sys; sys.path.insert(0, {str(Path(driver.__file__).parent)!r}); from unittest_driver import main; "
    done = subprocess.run(
        [sys.executable, "-c", f"{code}sys.exit(main({json.dumps(settings)!r}))", *arguments],
        env={
            "TEST_TARGET": "//app:t",
            "RUNFILES_DIR": str(runfiles),
            "XML_OUTPUT_FILE": str(report),
            "PATH": os.environ["PATH"],
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout + done.stderr, report)


def test_the_report_has_a_case_for_each_test_and_each_failed_part(runfiles: Path) -> None:
    ran = run(runfiles, "bad_test.py")
    assert ran.code == 1
    [suite] = ElementTree.parse(ran.report).getroot()
    assert (suite.get("name"), suite.get("failures"), suite.get("skipped")) == ("//app:t", "2", "1")
    names = [case.get("name") for case in suite]
    assert "test_adds" in names and "test_skips" in names
    assert {case.get("classname") for case in suite if case.get("name") == "test_adds"} == {"app.bad_test.Sums"}


def test_a_run_of_passing_tests_passes(runfiles: Path) -> None:
    ran = run(runfiles, "good_test.py", "-v")
    assert ran.code == 0 and "test_one" in ran.output


def test_a_run_without_tests_fails(runfiles: Path) -> None:
    ran = run(runfiles, "empty_test.py")
    assert ran.code != 0 and "no test was found" in ran.output


def test_filters_choose_tests_and_fail_when_they_choose_none(runfiles: Path) -> None:
    assert "Ran 1 test" in run(runfiles, "bad_test.py", "-k", "adds").output
    assert "Ran 1 test" in run(runfiles, "good_test.py", TESTBRIDGE_TEST_ONLY="*two").output
    ran = run(runfiles, "good_test.py", TESTBRIDGE_TEST_ONLY="three")
    assert ran.code != 0 and "no test was found that fits three" in ran.output


def test_shards_divide_the_tests_and_may_be_empty(runfiles: Path) -> None:
    status = str(runfiles.parent / "status")
    shards = [
        run(
            runfiles,
            "good_test.py",
            TEST_TOTAL_SHARDS="3",
            TEST_SHARD_INDEX=str(index),
            TEST_SHARD_STATUS_FILE=status,
        )
        for index in range(3)
    ]
    assert [shard.code for shard in shards] == [0, 0, 0]
    assert ["Ran 1 test" in shard.output for shard in shards] == [True, True, False]
    assert os.path.exists(status)


def test_output_of_passing_tests_can_be_kept_back_and_the_first_failure_can_end_a_run(runfiles: Path) -> None:
    assert "noise" in run(runfiles, "bad_test.py", "-k", "fails").output
    assert "Ran 4 tests" not in run(runfiles, "bad_test.py", "-f", "-q", "-b").output


def test_unknown_arguments_fail(runfiles: Path) -> None:
    ran = run(runfiles, "good_test.py", "--locals")
    assert ran.code == 2 and "unrecognized arguments: --locals" in ran.output
