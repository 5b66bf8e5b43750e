from __future__ import annotations

import dataclasses
import os
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from build_bench import PACKAGE, Bench
from live_processes import is_alive

from venvship.events import build_events as events
from venvship.execution import test_request as requests
from venvship.execution import test_runner as runners
from venvship.execution.test_following import FollowedLogs
from venvship.execution.test_scheduler import run_tests
from venvship.host.sandbox import Isolation
from venvship.model.action import Program
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.model.runfiles import Runfiles


def program(bench: Bench, script: str, *data: Artifact, name: str = "t") -> Program:
    executable = bench.text(f"pkg/{name}", f"#!/bin/sh\n{script}\n", executable=True)
    return Program(executable, Runfiles(files=Depset([executable, *data])))


def request(bench: Bench, script: str, *data: Artifact, name: str = "t") -> requests.TestRequest:
    return requests.TestRequest(Label(PACKAGE, name), "cfg", program(bench, script, *data, name=name))


def run_all(runner: runners.TestRunner, asked: requests.TestRequest) -> requests.TestResult:
    return requests.joined(asked, tuple(runner.run_part(asked, part) for part in runners.parts_of(asked)))


def run(bench: Bench, asked: requests.TestRequest) -> requests.TestResult:
    result = bench.build(*asked.program.runfiles.artifacts.to_tuple())
    result.raise_failures()
    runner = runners.TestRunner(bench.machinery(), content=result.outputs.__getitem__, generating=bench.actions.get)
    return run_all(runner, asked)


def log_of(result: requests.TestResult) -> str:
    return Path(result.log).read_text()


def test_a_passing_test_passes_and_is_cached(bench: Bench) -> None:
    asked = request(bench, "echo fine")
    first = run(bench, asked)
    assert (first.status, first.cached) == (events.TestStatus.PASSED, False)
    assert log_of(first) == "fine\n"
    assert first.log.endswith("venvship-out/cfg/testlogs/pkg/t/test.log")
    second = run(bench, asked)
    assert (second.status, second.cached) == (events.TestStatus.PASSED, True)
    assert log_of(second) == "fine\n"


def test_a_test_is_run_again_when_its_data_or_arguments_change(bench: Bench) -> None:
    data = bench.source("pkg/data.txt", "1")
    asked = request(bench, "cat pkg/data.txt", data)
    run(bench, asked)
    assert run(bench, asked).cached
    bench.write("pkg/data.txt", "2")
    again = run(bench, asked)
    assert not again.cached and log_of(again) == "2"
    assert not run(bench, dataclasses.replace(asked, arguments=("x",))).cached
    assert not run(bench, dataclasses.replace(asked, test_filter="x")).cached


def test_a_failing_test_fails_and_is_run_again(bench: Bench) -> None:
    asked = request(bench, "echo broken; exit 3")
    result = run(bench, asked)
    assert result.status is events.TestStatus.FAILED
    assert "broken" in log_of(result) and "exited with code 3" in log_of(result)
    assert not run(bench, asked).cached
    kept = dataclasses.replace(asked, cache=requests.CachePolicy.YES)
    assert not run(bench, kept).cached
    assert run(bench, kept).cached


def test_caching_can_be_turned_off(bench: Bench) -> None:
    asked = request(bench, "true")
    run(bench, asked)
    assert not run(bench, dataclasses.replace(asked, cache=requests.CachePolicy.NO)).cached
    assert not run(bench, dataclasses.replace(asked, tags=frozenset({"external"}))).cached


def test_a_test_that_takes_too_long_is_killed_with_its_children(bench: Bench) -> None:
    asked = request(bench, "echo begun; sleep 1000 & sleep 1000")
    for number in range(12):
        # Long enough to begin, however slow the machine is.
        result = run(bench, dataclasses.replace(asked, timeout_seconds=0.2 * 2**number))
        if "begun" in log_of(result):
            break
    assert result.status is events.TestStatus.TIMEOUT
    assert log_of(result).startswith("begun\n")
    assert "timed out" in log_of(result)


def test_strays_die_with_the_test(bench: Bench) -> None:
    asked = request(bench, "sleep 1000 >/dev/null 2>&1 & echo $! > $TEST_UNDECLARED_OUTPUTS_DIR/pid")
    result = run(bench, asked)
    assert result.status is events.TestStatus.PASSED
    with zipfile.ZipFile(result.parts[0].outputs_zip) as archive:
        pid = int(archive.read("pid"))
    assert not is_alive(pid)


def test_the_environment_is_the_contract_and_nothing_else(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("LEAK", "yes")
    asked = request(
        bench,
        'env; echo "cwd=$(pwd)"; echo "argv0=$0"; ls -A "$TEST_TMPDIR" | wc -l; [ "$HOME" = "$TEST_TMPDIR" ] || exit 1',
    )
    asked = dataclasses.replace(asked, environment={"MINE": "1", "TZ": "Asia/Tokyo"}, test_filter="a*")
    result = run(bench, asked)
    assert result.status is events.TestStatus.PASSED, log_of(result)
    seen = dict(line.split("=", 1) for line in log_of(result).splitlines() if "=" in line)
    assert seen["TEST_TARGET"] == "//pkg:t" and seen["TEST_WORKSPACE"] == "_main" and seen["BAZEL_TEST"] == "1"
    assert seen["TEST_SIZE"] == "medium" and seen["TEST_TIMEOUT"] == "300" and seen["TEST_BINARY"] == "pkg/t"
    assert seen["MINE"] == "1" and seen["TZ"] == "Asia/Tokyo" and seen["TESTBRIDGE_TEST_ONLY"] == "a*"
    assert (
        seen["TEST_SRCDIR"]
        == seen["RUNFILES_DIR"]
        == os.path.realpath(f"{bench.path(asked.program.executable)}.runfiles")
    )
    assert seen["cwd"] == seen["TEST_SRCDIR"] + "/_main" and seen["argv0"] == "./pkg/t"
    assert "LC_ALL" not in seen and "LEAK" not in seen
    assert "\n0\n" in log_of(result)


_PEERS = [pytest.param(way, marks=pytest.mark.peers) for way in (Isolation.BUBBLEWRAP, Isolation.NAMESPACES)]


@pytest.mark.parametrize("way", [Isolation.NONE, *_PEERS])
def test_names_of_sockets_have_room_in_the_temporary_directory(bench: Bench, way: Isolation) -> None:
    bench.isolation = way
    script = 'touch "$TMPDIR/a" && [ -e "$TEST_TMPDIR/a" ] && [ ${#TEST_TMPDIR} -gt 60 ] && echo "at $TMPDIR"'
    result = run(bench, request(bench, script))
    assert result.status is events.TestStatus.PASSED, log_of(result)
    [seen] = [line.removeprefix("at ") for line in log_of(result).splitlines() if line.startswith("at ")]
    assert len(seen) <= 60
    assert seen == "/tmp" or not os.path.lexists(seen)


def test_shards_are_run_apart_and_must_say_that_they_shard(bench: Bench) -> None:
    asked = request(bench, "echo $TEST_SHARD_INDEX of $TEST_TOTAL_SHARDS; touch $TEST_SHARD_STATUS_FILE")
    result = run(bench, dataclasses.replace(asked, shards=2))
    assert result.status is events.TestStatus.PASSED
    assert [Path(part.log).read_text() for part in result.parts] == ["0 of 2\n", "1 of 2\n"]
    assert "/shard_2_of_2/" in result.parts[1].log
    deaf = dataclasses.replace(request(bench, "true", name="deaf"), shards=2)
    assert "does not shard" in log_of(run(bench, deaf))


def test_runs_per_test_are_numbered_and_never_cached(bench: Bench) -> None:
    asked = dataclasses.replace(request(bench, "echo run $TEST_RUN_NUMBER"), runs=3)
    run(bench, asked)
    result = run(bench, asked)
    assert not result.cached
    assert [Path(part.log).read_text() for part in result.parts] == ["run 1\n", "run 2\n", "run 3\n"]
    assert "/run_3_of_3/" in result.parts[2].log


def test_a_flaky_test_is_tried_again_and_its_failures_are_kept(bench: Bench, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    script = f"if [ -e {marker} ]; then echo good; else echo bad; touch {marker}; exit 1; fi"
    asked = dataclasses.replace(request(bench, script), attempts=3)
    result = run(bench, asked)
    assert result.status is events.TestStatus.FLAKY
    assert log_of(result) == "good\n"
    [failed] = result.parts[0].failed_attempts
    assert Path(failed).read_text().startswith("bad\n")
    assert failed.endswith("/test_attempts/attempt_1.log")


def test_a_report_is_written_when_the_test_wrote_none(bench: Bench) -> None:
    result = run(bench, request(bench, r"printf '<tag> ]]> \001 \377\n'; exit 1"))
    root = ElementTree.parse(result.parts[0].xml).getroot()
    [case] = root.iter("testcase")
    assert case.get("name") == "pkg/t" and case.find("error") is not None
    assert "<tag>" in "".join(root.itertext())


def test_a_report_of_the_test_is_kept(bench: Bench) -> None:
    result = run(bench, request(bench, "echo '<testsuites/>' > $XML_OUTPUT_FILE"))
    assert Path(result.parts[0].xml).read_text() == "<testsuites/>\n"


def test_undeclared_outputs_are_zipped(bench: Bench) -> None:
    asked = request(
        bench,
        "mkdir $TEST_UNDECLARED_OUTPUTS_DIR/d; echo 1 > $TEST_UNDECLARED_OUTPUTS_DIR/d/a.txt;"
        "echo note > $TEST_UNDECLARED_OUTPUTS_ANNOTATIONS_DIR/x.part",
    )
    result = run(bench, asked)
    directory = Path(result.log).parent
    with zipfile.ZipFile(directory / "test.outputs" / "outputs.zip") as archive:
        assert archive.namelist() == ["d/a.txt"]
    assert (directory / "test.outputs_manifest" / "MANIFEST").read_text() == "d/a.txt\t2\ttext/plain\n"
    assert (directory / "test.outputs_manifest" / "ANNOTATIONS").read_text() == "note\n"
    changed = request(bench, "true")
    run(bench, changed)
    assert not (directory / "test.outputs" / "outputs.zip").exists()


def test_a_test_that_leaves_its_premature_exit_file_fails(bench: Bench) -> None:
    result = run(bench, request(bench, "touch $TEST_PREMATURE_EXIT_FILE"))
    assert result.status is events.TestStatus.FAILED
    assert "TEST_PREMATURE_EXIT_FILE" in log_of(result)


def test_coverage_is_collected_when_asked_for(bench: Bench) -> None:
    asked = request(bench, "cat $COVERAGE_MANIFEST; echo TN: > $COVERAGE_OUTPUT_FILE")
    result = run(bench, dataclasses.replace(asked, coverage=("pkg/a.py",)))
    assert log_of(result) == "pkg/a.py\n"
    assert Path(result.parts[0].coverage).read_text() == "TN:\n"


def test_reports_of_coverage_are_joined(bench: Bench) -> None:
    one = "printf 'SF:a.py\\nDA:1,1\\nend_of_record\\n'"
    script = f"{one} > $COVERAGE_OUTPUT_FILE; {one} > $COVERAGE_DIR/1.dat; {one} > $COVERAGE_DIR/other.txt"
    asked = dataclasses.replace(request(bench, script), coverage=())
    result = run(bench, asked)
    assert Path(result.parts[0].coverage).read_text() == "SF:a.py\nDA:1,2\nLF:1\nLH:1\nend_of_record\n"


def test_a_report_of_coverage_that_can_not_be_read_fails_the_test(bench: Bench) -> None:
    asked = dataclasses.replace(request(bench, "echo DA:1 > $COVERAGE_DIR/1.dat"), coverage=())
    result = run(bench, asked)
    assert result.status is events.TestStatus.FAILED
    assert "-- `1.dat` is no LCOV report: line 1 is `DA:1` --\n" in log_of(result)


def test_a_program_that_does_not_start_is_a_failure_with_a_log(bench: Bench) -> None:
    executable = bench.text("pkg/t", "#!/no/such/interpreter\n", executable=True)
    asked = requests.TestRequest(Label(PACKAGE, "t"), "cfg", Program(executable, Runfiles(files=Depset([executable]))))
    result = run(bench, asked)
    assert result.status is events.TestStatus.FAILED
    assert "No such file" in log_of(result)


@pytest.mark.peers
@pytest.mark.parametrize("way", [Isolation.BUBBLEWRAP, Isolation.NAMESPACES])
def test_a_confined_test_writes_its_own_places_only_and_sees_no_network(
    bench: Bench, tmp_path: Path, way: Isolation
) -> None:
    bench.isolation = way
    outside = tmp_path / "outside"
    outside.mkdir()
    data = bench.source("pkg/data.txt", "precious")
    script = f"""
        touch "$TEST_TMPDIR/a" "$TEST_UNDECLARED_OUTPUTS_DIR/b" /tmp/c || exit 1
        cat pkg/data.txt || exit 2
        touch {outside}/x && exit 3
        echo > pkg/data.txt && exit 4
        touch "$TEST_SRCDIR/x" && exit 5
        [ "$(ls /sys/class/net /proc/self/net/dev 2>/dev/null; cat /proc/net/dev | grep -c :)" ] || exit 6
        grep -v 'lo:' /proc/net/dev | grep ':' && exit 7
        exit 0
    """
    result = run(bench, request(bench, script, data))
    assert result.status is events.TestStatus.PASSED, log_of(result)
    assert not list(outside.iterdir())


def test_many_tests_run_at_once_and_exclusive_ones_alone(bench: Bench, tmp_path: Path) -> None:
    busy = tmp_path / "busy"
    watch = f"mkdir {busy} || exit 1; sleep 0.05; rmdir {busy}"
    asked = [
        *(request(bench, "true", name=f"ok{n}") for n in range(5)),
        request(bench, "false", name="bad"),
        *(dataclasses.replace(request(bench, watch, name=f"ex{n}"), tags=frozenset({"exclusive"})) for n in range(3)),
    ]
    built = bench.build(*(one.program.executable for one in asked))
    machinery = bench.machinery()
    runner = runners.TestRunner(machinery, content=built.outputs.__getitem__, generating=bench.actions.get)
    results = run_tests(runner, asked, jobs=4, children=machinery.children, events=bench.events)
    assert [result.label.name for result in results] == [one.label.name for one in asked]
    assert [result.status.value for result in results] == ["PASSED"] * 5 + ["FAILED"] + ["PASSED"] * 3
    finished = [event for event in bench.events.seen if isinstance(event, events.TestFinished)]
    assert len(finished) == 9 and all(os.path.exists(event.log) for event in finished)


def test_testing_stops_at_the_first_failure_when_told_so(bench: Bench) -> None:
    asked = [request(bench, "false", name="bad"), request(bench, "true", name="ok")]
    built = bench.build(*(one.program.executable for one in asked))
    machinery = bench.machinery()
    runner = runners.TestRunner(machinery, content=built.outputs.__getitem__, generating=bench.actions.get)
    results = run_tests(runner, asked, jobs=1, children=machinery.children, events=bench.events, keep_going=False)
    assert [result.status for result in results] == [events.TestStatus.FAILED, events.TestStatus.NO_STATUS]


def test_a_followed_log_is_told_while_the_test_runs(bench: Bench, tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    asked = request(bench, f"printf 'gr\\303'; printf '\\274n'; until [ -e {answer} ]; do sleep 0.02; done; exit 1")
    built = bench.build(asked.program.executable)
    told: list[events.Event] = []

    class Reader:
        """Lets the test end only when its output has been seen."""

        def emit(self, event: events.Event) -> None:
            told.append(event)
            if "".join(one.text for one in told if isinstance(one, events.TestPrinted)).endswith("n"):
                answer.touch()

    runner = runners.TestRunner(
        bench.machinery(),
        content=built.outputs.__getitem__,
        generating=bench.actions.get,
        follow=FollowedLogs(Reader()).follow,
    )
    result = run_all(runner, asked)
    printed = [event for event in told if isinstance(event, events.TestPrinted)]
    assert "".join(event.text for event in printed) == log_of(result) == "grün-- the test exited with code 1 --\n"
    assert {str(event.label) for event in printed} == {"//pkg:t"}


def test_every_attempt_of_every_part_has_a_log_with_a_name(bench: Bench) -> None:
    asked = dataclasses.replace(
        request(bench, "touch $TEST_SHARD_STATUS_FILE; [ $TEST_SHARD_INDEX = 1 ]"), shards=2, runs=1, attempts=2
    )
    result = run(bench, asked).finished(asked)
    assert [(log.name, log.passed) for log in result.logs] == [
        ("shard 1 of 2, attempt 1", False),
        ("shard 1 of 2, attempt 2", False),
        ("shard 2 of 2", True),
    ]
    assert all(Path(log.path).is_file() for log in result.logs)
    once = request(bench, "true", name="once")
    assert [log.name for log in run(bench, once).finished(once).logs] == [""]
    many = dataclasses.replace(once, runs=2)
    assert [log.name for log in run(bench, many).finished(many).logs] == ["run 1 of 2", "run 2 of 2"]
