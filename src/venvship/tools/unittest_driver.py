"""Runs unittest over the test modules of one target, by the contract between a build tool and its tests.

The environment says where the report goes (`XML_OUTPUT_FILE`), which shard this is (`TEST_SHARD_INDEX` of
`TEST_TOTAL_SHARDS`) and which tests are wanted (`TESTBRIDGE_TEST_ONLY`). A run without a test is a failure, unless a
shard has none left.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib.util
import json
import os
import re
import sys
import time
import traceback
import unittest
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_UNPRINTABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Report(unittest.TextTestResult):
    """Collects what becomes of each test, for the report."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.cases: list[tuple[unittest.TestCase, float, str, str]] = []
        self._started = 0.0

    def startTest(self, test: unittest.TestCase) -> None:
        self._started = time.perf_counter()
        super().startTest(test)

    def _note(self, test: unittest.TestCase, kind: str, text: str = "") -> None:
        self.cases.append((test, time.perf_counter() - self._started, kind, text))

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self._note(test, "")

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self._note(test, "error", "".join(traceback.format_exception(*err)))

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self._note(test, "failure", "".join(traceback.format_exception(*err)))

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self._note(test, "skipped", reason)

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self._note(test, "")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        super().addUnexpectedSuccess(test)
        self._note(test, "failure", "unexpected success")

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            kind = "failure" if issubclass(err[0], test.failureException) else "error"
            self._note(subtest, kind, "".join(traceback.format_exception(*err)))


def main(settings_text: str) -> int:
    settings = json.loads(settings_text)
    options = _options()
    target = os.environ.get("TEST_TARGET", settings["target"])
    runfiles = _runfiles(settings["modules"][0])
    if settings["chdir"]:
        os.chdir(os.path.join(runfiles, "_main", settings["chdir"]))
    tests: list[unittest.TestCase] = []
    for path in settings["modules"]:
        module = _module(os.path.join(runfiles, path), path)
        tests += _flat(unittest.defaultTestLoader.loadTestsFromModule(module))
    wanted = [pattern for pattern in (*options.k, os.environ.get("TESTBRIDGE_TEST_ONLY", "")) if pattern]
    if wanted:
        tests = [test for test in tests if any(_fits(test.id(), pattern) for pattern in wanted)]
    total = int(os.environ.get("TEST_TOTAL_SHARDS", "0"))
    if total > 1:
        found = len(tests)
        tests = tests[int(os.environ["TEST_SHARD_INDEX"]) :: total]
        status_file = os.environ.get("TEST_SHARD_STATUS_FILE")
        if status_file:
            open(status_file, "a").close()
        if found and not tests:
            _write_report(target, [])
            return 0
    if not tests:
        print("no test was found" + (f" that fits {' or '.join(wanted)}" if wanted else ""), file=sys.stderr)
        return 5
    fail_fast = options.f or os.environ.get("TESTBRIDGE_TEST_RUNNER_FAIL_FAST") == "1"
    runner = unittest.TextTestRunner(
        verbosity=0 if options.q else 2 if options.v else 1, failfast=fail_fast, buffer=options.b, resultclass=Report
    )
    result = runner.run(unittest.TestSuite(tests))
    assert isinstance(result, Report)
    _write_report(target, result.cases)
    return 0 if result.wasSuccessful() else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="unittest", add_help=False)
    parser.add_argument("-v", "--verbose", dest="v", action="store_true")
    parser.add_argument("-q", "--quiet", dest="q", action="store_true")
    parser.add_argument("-f", "--failfast", dest="f", action="store_true")
    parser.add_argument("-b", "--buffer", dest="b", action="store_true")
    parser.add_argument("-k", dest="k", action="append", default=[])
    return parser.parse_args()


def _fits(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern if "*" in pattern else f"*{pattern}*")


def _flat(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from _flat(test)
        else:
            yield test


def _module(path: str, runfiles_path: str) -> ModuleType:
    """Import a file under a name of its own, so that files of one name in two directories are two modules."""
    repository, _, inside = runfiles_path.partition("/")
    name = inside.removesuffix(".py").replace("/", ".")
    if repository != "_main":
        name = f"{repository.replace('+', '_')}.{name}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"the test module {path} can't be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _write_report(target: str, cases: list[tuple[unittest.TestCase, float, str, str]]) -> None:
    path = os.environ.get("XML_OUTPUT_FILE")
    if not path:
        return
    counts = {kind: sum(case[2] == kind for case in cases) for kind in ("failure", "error", "skipped")}
    seconds = sum(case[1] for case in cases)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<testsuites>",
        f'<testsuite name={quoteattr(target)} tests="{len(cases)}" failures="{counts["failure"]}" '
        f'errors="{counts["error"]}" skipped="{counts["skipped"]}" time="{seconds:.3f}">',
    ]
    for test, duration, kind, text in cases:
        suite, _, name = _printable(test.id()).rpartition(".")
        lines.append(f'<testcase classname={quoteattr(suite)} name={quoteattr(name)} time="{duration:.3f}">')
        if kind:
            message = text.strip().splitlines()[-1] if text.strip() else ""
            lines.append(f"<{kind} message={quoteattr(_printable(message))}>{escape(_printable(text))}</{kind}>")
        lines.append("</testcase>")
    lines += ["</testsuite>", "</testsuites>"]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def _printable(text: str) -> str:
    """Without the characters that XML has no place for."""
    return _UNPRINTABLE.sub("?", text)


def _runfiles(module: str) -> str:
    """The root of the runfiles tree: told by the launcher, or else seen from this file's own place."""
    told = os.environ.get("RUNFILES_DIR") or os.environ.get("TEST_SRCDIR")
    if told and os.path.exists(os.path.join(told, module)):
        return os.path.abspath(told)
    directory = os.path.dirname(os.path.abspath(__file__))
    while not os.path.exists(os.path.join(directory, module)):
        above = os.path.dirname(directory)
        if above == directory:
            raise SystemExit(f"the test module {module} is not among the runfiles")
        directory = above
    return directory
