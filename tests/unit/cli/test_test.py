from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from fake_session import CommandLine

from venvship.cli.main import main
from venvship.cli.test_report import result_line, summary_line
from venvship.errors import UserError
from venvship.events.build_events import TestFinished as Finished
from venvship.events.build_events import TestLog as Log
from venvship.events.build_events import TestPrinted as Printed
from venvship.events.build_events import TestStatus as Status
from venvship.model.label import Label, PackageId


class Writes(io.StringIO):
    """Remembers what is written at once."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str, /) -> int:
        self.writes.append(text)
        return super().write(text)


def result(name: str, status: Status, *, cached: bool = False, log: str = "") -> Finished:
    return Finished(Label(PackageId("", "app"), name), status, cached, 0.14, log)


def test_results_are_lines_on_stdout(venvship: CommandLine) -> None:
    done = venvship("test", "//app:server_test")
    assert done.code == 0
    assert done.stdout == "//app:server_test PASSED in 0.1s\n\nExecuted 1 out of 1 test: 1 test passes.\n"
    assert "INFO: Build completed successfully" in done.stderr


def test_a_failure_names_its_log(venvship: CommandLine) -> None:
    venvship.plan.results = {"//app:slow_test": result("slow_test", Status.FAILED, log="/logs/test.log")}
    done = venvship("test", "//app/...")
    assert done.code == 3
    assert "//app:slow_test FAILED in 0.1s\n  /logs/test.log\n" in done.stdout
    assert "Executed 2 out of 2 tests: 1 test passes and 1 fails locally.\n" in done.stdout
    assert "INFO: Build completed, tests FAILED, " in done.stderr


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.FLAKY, 0),
        (Status.TIMEOUT, 3),
        (Status.NO_STATUS, 3),
        (Status.FAILED_TO_BUILD, 1),
    ],
)
def test_the_exit_code_follows_from_the_results(venvship: CommandLine, status: Status, code: int) -> None:
    venvship.plan.results = {"//app:slow_test": result("slow_test", status)}
    assert venvship("test", "//app:slow_test").code == code


def test_no_tests_is_a_code_of_its_own(venvship: CommandLine) -> None:
    done = venvship("test", "//lib")
    assert done.code == 4
    assert done.stderr.endswith("\nERROR: No test targets were found, yet testing was requested\n")
    assert "INFO: Build completed successfully, " in done.stderr
    assert "did NOT complete" not in done.stderr


def test_a_build_error_counts_more_than_a_failed_test(venvship: CommandLine) -> None:
    venvship.plan.results = {"//app:slow_test": result("slow_test", Status.FAILED)}
    venvship.plan.failures = (UserError("x"),)
    assert venvship("test", "-k", "//app/...").code == 1
    venvship.plan.failures = ()
    assert venvship("test", "-k", "//app:slow_test", "//app:nope").code == 1


def test_tags_choose_tests(venvship: CommandLine) -> None:
    done = venvship("test", "//app/...", "--test_tag_filters=-slow")
    assert "server_test" in done.stdout
    assert "slow_test" not in done.stdout
    assert venvship("test", "//app/...", "--test_size_filters=small").stdout.count("PASSED") == 1
    assert venvship("test", "//app/...", "--test_tag_filters=nothing").code == 4


@pytest.mark.parametrize(("output", "shown"), [("summary", 0), ("errors", 1), ("all", 2), ("streamed", 2)])
def test_logs_are_shown_once_each(venvship: CommandLine, tmp_path: Path, output: str, shown: int) -> None:
    log = tmp_path / "test.log"
    log.write_bytes(b"hello \xff")
    venvship.plan.results = {
        "//app:slow_test": result("slow_test", Status.FAILED, log=str(log)),
        "//app:server_test": result("server_test", Status.PASSED, log=str(log)),
    }
    done = venvship("test", "//app/...", f"--test_output={output}")
    assert done.stdout.count("==================== Test output for //app:") == shown
    assert done.stdout.count("hello \N{REPLACEMENT CHARACTER}\n===") == shown


def test_lines_say_how_often_a_test_was_run_and_failed() -> None:
    label = Label(PackageId("", "app"), "a")
    logs = tuple(Log(f"/logs/{number}.log", f"attempt {number}", False, number / 2) for number in (1, 2, 3))
    failed = Finished(label, Status.FAILED, False, 1.5, "/logs/3.log", logs)
    assert result_line(failed).splitlines() == [
        "//app:a FAILED in 3 out of 3 in 1.5s",
        "  Stats over 3 runs: max = 1.5s, min = 0.5s, avg = 1.0s, dev = 0.4s",
        "  /logs/1.log",
        "  /logs/2.log",
        "  /logs/3.log",
    ]
    flaky = replace(failed, status=Status.FLAKY, logs=(logs[0], replace(logs[1], passed=True)))
    assert result_line(flaky).splitlines()[0] == "//app:a FLAKY, failed in 1 out of 2 in 1.5s"
    assert result_line(flaky).splitlines()[2:] == ["  /logs/1.log"]
    passed = replace(failed, status=Status.PASSED, logs=tuple(replace(log, passed=True) for log in logs))
    assert [line.partition(":")[0] for line in result_line(passed).splitlines()[1:]] == ["  Stats over 3 runs"]


@pytest.mark.parametrize(("output", "shown"), [("all", [1, 2, 3]), ("errors", [1, 3]), ("summary", [])])
def test_the_log_of_every_run_is_shown(venvship: CommandLine, tmp_path: Path, output: str, shown: list[int]) -> None:
    logs = []
    for number in (1, 2, 3):
        path = tmp_path / f"{number}.log"
        path.write_text(f"this is {number}\n")
        logs.append(Log(str(path), f"run {number} of 3", number == 2, 0.1))
    failed = replace(result("slow_test", Status.FAILED, log=logs[0].path), logs=tuple(logs))
    venvship.plan.results = {"//app:slow_test": failed}
    done = venvship("test", "//app:slow_test", f"--test_output={output}")
    line = "=" * 20
    pages = [f"{line} Test output for //app:slow_test (run {n} of 3):\nthis is {n}\n{'=' * 80}\n" for n in shown]
    assert done.stdout.partition("//app:slow_test FAILED")[0] == "".join(pages)


def test_what_was_streamed_is_not_shown_again(venvship: CommandLine) -> None:
    label = Label(PackageId("", "app"), "slow_test")
    passed = replace(result("slow_test", Status.PASSED), logs=(Log("/nowhere", "", True, 0.1),))
    venvship.plan.results = {"//app:slow_test": passed}
    venvship.plan.printed = (Printed(label, "", "one\n"), Printed(label, "", "two"))
    done = venvship("test", "//app:slow_test", "--test_output=streamed")
    page = f"{'=' * 20} Test output for //app:slow_test:\none\ntwo\n{'=' * 80}\n"
    assert done.stdout.partition("//app:slow_test PASSED")[0] == page


def test_lines_stay_whole_where_something_is_drawn_below(venvship: CommandLine) -> None:
    label = Label(PackageId("", "app"), "slow_test")
    venvship.plan.results = {"//app:slow_test": result("slow_test", Status.FLAKY)}
    texts = [("", "a\nb"), ("", "c"), ("attempt 2", "d\n"), ("attempt 2", "e")]
    venvship.plan.printed = tuple(Printed(label, name, text) for name, text in texts)
    stdout = Writes()
    code = main(
        ["test", "//app:slow_test", "--test_output=streamed", "--curses=yes"],
        cwd=venvship.root,
        stdout=stdout,
        stderr=io.StringIO(),
        environment=venvship.environment,
        open_session=venvship.open_session,
    )
    assert code == 0
    line = "=" * 20
    assert stdout.writes[:4] == [
        f"{line} Test output for //app:slow_test:\na\n",
        f"bc\n{line} Test output for //app:slow_test (attempt 2):\nd\n",
        f"e\n{'=' * 80}\n",
        "//app:slow_test FLAKY in 0.1s\n",
    ]


def test_a_log_that_is_gone_is_no_fault(venvship: CommandLine) -> None:
    venvship.plan.results = {"//app:slow_test": result("slow_test", Status.FAILED, log="/nowhere/test.log")}
    done = venvship("test", "//app:slow_test", "--test_output=all")
    assert done.code == 3
    assert "(the log can't be read: No such file or directory)" in done.stdout


def test_flags_become_options_of_the_run(venvship: CommandLine) -> None:
    venvship.environment["INHERITED"] = "yes"
    venvship(
        "test",
        "//app/...",
        "--test_arg=-x",
        "--test_arg",
        "--y=1",
        "--test_env=A=b=c",
        "--test_env=INHERITED",
        "--test_env=ABSENT",
        "--test_filter=test_a",
        "--runs_per_test=3",
        "--flaky_test_attempts=2",
        "--test_timeout=60",
        "--nocache_test_results",
        "--test_output=streamed",
        "--notest_keep_going",
    )
    [options] = venvship.test_options
    assert options.arguments == ("-x", "--y=1")
    assert options.environment == {"A": "b=c", "INHERITED": "yes"}
    assert (options.filter, options.runs_per_test, options.flaky_attempts) == ("test_a", 3, 2)
    assert (options.timeout, options.cache_results, options.jobs, options.keep_going) == (60, False, 1, False)


@pytest.mark.parametrize(
    "flag",
    [
        "--runs_per_test=x",
        "--runs_per_test=//a@3",
        "--flaky_test_attempts=//a@3",
        "--test_timeout=1,2,3,4",
        "--test_env==x",
    ],
)
def test_what_can_not_be_done_is_refused(venvship: CommandLine, flag: str) -> None:
    assert venvship("test", "//app/...", flag).code == 2


def test_the_summary_counts_every_kind() -> None:
    results = [
        result("a", Status.PASSED, cached=True),
        result("b", Status.PASSED),
        result("c", Status.FAILED),
        result("d", Status.TIMEOUT),
        result("e", Status.NO_STATUS),
        result("f", Status.FAILED_TO_BUILD),
    ]
    assert summary_line(results) == (
        "Executed 3 out of 6 tests: 2 tests pass, 1 fails to build, 2 fail locally and 1 was skipped."
    )
    assert summary_line([result("c", Status.FAILED)]) == "Executed 1 out of 1 test: 1 fails locally."


def test_lines_say_whether_a_result_is_cached_and_can_be_aligned() -> None:
    assert result_line(result("a", Status.PASSED, cached=True)) == "//app:a (cached) PASSED in 0.1s"
    assert result_line(result("a", Status.NO_STATUS)) == "//app:a NO STATUS"
    aligned = [result_line(result(name, Status.PASSED), width=40) for name in ("a", "longer")]
    assert [len(line) for line in aligned] == [40, 40]
