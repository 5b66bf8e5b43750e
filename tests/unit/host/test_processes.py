from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from live_processes import is_alive

from venvship.host.processes import Children, ProgramNotStarted

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def shell(children: Children, directory: Path, command: str, timeout: float | None = None) -> tuple[int, bool, str]:
    log = directory / "log"
    done = children.run(["/bin/sh", "-c", command], cwd=directory, environment=ENVIRONMENT, output=log, timeout=timeout)
    return done.exit_code, done.timed_out, log.read_text()


def test_output_and_exit_code_are_kept(tmp_path: Path) -> None:
    code, timed_out, log = shell(Children(), tmp_path, "echo out; echo err >&2; cat; exit 5")
    assert (code, timed_out, log) == (5, False, "out\nerr\n")


def test_a_signal_is_an_exit_code_above_128(tmp_path: Path) -> None:
    assert shell(Children(), tmp_path, "kill -KILL $$")[0] == 137


def test_nothing_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAK", "1")
    assert "LEAK" not in shell(Children(), tmp_path, "env")[2]


def overtaken(children: Children, directory: Path, command: str) -> tuple[int, bool, str]:
    """How a program ends that takes too long, after it has written its first line, however slow the machine is."""
    for number in range(12):
        attempt = directory / str(number)
        attempt.mkdir()
        code, timed_out, log = shell(children, attempt, command, timeout=0.2 * 2**number)
        if "\n" in log:
            break
    return code, timed_out, log


def test_a_timeout_ends_the_whole_group_even_when_it_will_not(tmp_path: Path) -> None:
    command = "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & echo $!; while :; do sleep 1; done"
    code, timed_out, log = overtaken(Children(grace_seconds=0.2), tmp_path, command)
    assert timed_out and code == 137
    assert not is_alive(int(log))


def test_a_timeout_lets_a_program_end_itself(tmp_path: Path) -> None:
    command = "trap 'echo bye; exit 3' TERM; echo begun; while :; do sleep 0.02; done"
    code, timed_out, log = overtaken(Children(grace_seconds=600), tmp_path, command)
    assert (code, timed_out) == (3, True)
    assert log.endswith("bye\n")


def test_what_a_program_leaves_running_is_killed(tmp_path: Path) -> None:
    code, _, log = shell(Children(), tmp_path, "sleep 1000 & echo $!")
    assert code == 0 and not is_alive(int(log))


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotStarted, match=r"can't start `./nope`: No such file"):
        Children().run(["./nope"], cwd=tmp_path, environment={}, output=tmp_path / "log")


def test_killing_all_ends_what_runs_and_lets_nothing_start(tmp_path: Path) -> None:
    children = Children()
    results: list[tuple[int, bool, str]] = []
    thread = threading.Thread(target=lambda: results.append(shell(children, tmp_path, "echo begun; sleep 1000")))
    thread.start()
    while not (tmp_path / "log").exists() or not (tmp_path / "log").read_text():
        time.sleep(0.01)
    children.kill_all()
    thread.join()
    assert results == [(143, False, "begun\n")]
    after = children.run(["/bin/true"], cwd=tmp_path, environment={}, output=tmp_path / "other")
    assert after.interrupted
