"""Runs pytest over the test modules of one target, by the contract between a build tool and its tests.

The environment says where the report goes (`XML_OUTPUT_FILE`), which shard this is (`TEST_SHARD_INDEX` of
`TEST_TOTAL_SHARDS`) and which tests are wanted (`TESTBRIDGE_TEST_ONLY`). A target in which no test matches has nothing
to do: it says so and passes, as it must where one filter is meant for many targets.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from collections.abc import Iterator

_collects = gc.isenabled()
# Modules hold no garbage: looking for it while they are made, and among them ever after, is a fifth of a small test.
gc.disable()
try:
    import pytest
except ModuleNotFoundError as error:
    if error.name != "pytest":
        raise
    target = os.environ.get("TEST_TARGET", "this test")
    sys.exit(f'{target} has no pytest; add its distribution, such as "@pypi//pytest", to deps')
finally:
    if _collects:
        gc.enable()


SHARD = "_venvship_shard"
"""The plugin that keeps every n-th test, by name: workers of pytest-xdist collect by themselves, and import it."""
_SHARD_TEXT = """\
import os


def pytest_collection_modifyitems(config, items):
    index, total = int(os.environ["TEST_SHARD_INDEX"]), int(os.environ["TEST_TOTAL_SHARDS"])
    # By name, since plugins may have put them in another order for each shard.
    kept = {id(item) for item in sorted(items, key=lambda item: item.nodeid)[index::total]}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
    items[:] = [item for item in items if id(item) in kept]
"""


class QuietReport:
    """Says nothing of where the report is written: it is moved to its place when the test has ended."""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
        write_sep = terminalreporter.write_sep

        def write_sep_of_others(sep: str, title: str | None = None, *args: object, **markup: bool) -> None:
            if not (title or "").startswith("generated xml file:"):
                write_sep(sep, title, *args, **markup)  # type: ignore[arg-type]

        terminalreporter.write_sep = write_sep_of_others  # type: ignore[method-assign,assignment]
        yield
        terminalreporter.write_sep = write_sep  # type: ignore[method-assign]


def main(settings_text: str) -> int:
    # What the tests make is collected as ever; pytest itself, which lives as long as they do, is not gone through.
    gc.freeze()
    settings = json.loads(settings_text)
    runfiles = _runfiles(settings["modules"][0] if settings["modules"] else "_main")
    if settings["chdir"]:
        os.chdir(os.path.join(runfiles, "_main", settings["chdir"]))
    arguments = ["-p", "no:cacheprovider", "--rootdir", os.path.join(runfiles, "_main")]
    report = os.environ.get("XML_OUTPUT_FILE")
    if report:
        arguments += [
            f"--junitxml={report}",
            "-o",
            "junit_family=xunit2",
            "-o",
            f"junit_suite_name={os.environ.get('TEST_TARGET', settings['target'])}",
        ]
    wanted = os.environ.get("TESTBRIDGE_TEST_ONLY")
    if wanted:
        arguments += ["-k", wanted]
    if os.environ.get("TESTBRIDGE_TEST_RUNNER_FAIL_FAST") == "1":
        arguments.append("-x")
    temporary = os.environ.get("TEST_TMPDIR")
    if temporary:
        # Beside the tests, where it looks first, nothing can be written.
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(temporary, "hypothesis"))
        os.environ.setdefault("COVERAGE_FILE", os.path.join(temporary, ".coverage"))
    total = int(os.environ.get("TEST_TOTAL_SHARDS", "0"))
    if total > 1:
        directory = tempfile.mkdtemp(dir=temporary)
        with open(os.path.join(directory, f"{SHARD}.py"), "x", encoding="utf-8") as file:
            file.write(_SHARD_TEXT)
        sys.path.append(directory)
        arguments += ["-p", SHARD]
        status_file = os.environ.get("TEST_SHARD_STATUS_FILE")
        if status_file:
            open(status_file, "a").close()
    modules = [os.path.join(runfiles, path) for path in settings["modules"] or [_own_package()]]
    code = pytest.main([*arguments, *settings["arguments"], *sys.argv[1:], *modules], plugins=[QuietReport()])
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and (total > 1 or wanted):
        # A shard, or a module that a filter empties, has nothing to do and has done it.
        if wanted:
            print(f"no test matches `{wanted}`")
        return 0
    return int(code)


def _own_package() -> str:
    """The directory of the package that the program belongs to; its test modules are those of the program."""
    target = os.environ.get("BAZEL_TARGET", "//:")
    return os.path.join("_main", target.rpartition("//")[2].partition(":")[0])


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
