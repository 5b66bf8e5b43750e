from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from live_processes import is_alive

PROGRAM = """
import sys
from pathlib import Path
from build_bench import Bench
from venvship.execution.failures import Interrupted

bench = Bench(Path(sys.argv[1]))
done = bench.output("pkg/done")
bench.shell(f"echo done > {done.exec_path}", outputs=(done,))
slow = bench.output("pkg/slow")
flag = Path(sys.argv[1]) / "flag"
bench.shell(f"echo $$ > {flag}; sleep 1000; echo slow > {slow.exec_path}", inputs=(done,), outputs=(slow,))
try:
    bench.build(slow)
except Interrupted as error:
    print(error)
    sys.exit(8)
result = bench.build(done)
"""

AGAIN = (
    PROGRAM.split("slow =")[0]
    + """
result = bench.build(done)
print(result.ran, result.cached, result.up_to_date)
"""
)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_command_that_is_stopped_ends_its_programs_and_keeps_what_was_made(
    tmp_path: Path, number: signal.Signals
) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], env=environment, stdout=subprocess.PIPE, text=True
    )
    flag = tmp_path / "flag"
    while not flag.exists() or not flag.read_text().endswith("\n"):
        assert command.poll() is None
        time.sleep(0.01)
    os.kill(command.pid, number)
    out, _ = command.communicate()
    child = int(flag.read_text())
    if number == signal.SIGINT:
        assert (command.returncode, out) == (8, "interrupted\n")
        assert not is_alive(child)
    elif is_alive(child):
        os.killpg(child, signal.SIGKILL)
    again = subprocess.run(
        [sys.executable, "-c", AGAIN, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    expected = "0 0 1\n" if number == signal.SIGINT else "0 1 0\n"
    assert again.stdout == expected, again.stderr


TESTING = """
import sys
from pathlib import Path
from build_bench import PACKAGE, Bench
from venvship.events.build_events import TestFinished
from venvship.execution.failures import Interrupted
from venvship.execution.test_request import TestRequest
from venvship.execution.test_runner import TestRunner
from venvship.execution.test_scheduler import run_tests
from venvship.model.action import Program
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.model.runfiles import Runfiles

bench = Bench(Path(sys.argv[1]))
requests = []
for name, script in (("quick", "true"), ("slow", f"echo $$ > {sys.argv[1]}/flag; sleep 1000")):
    program = bench.text(f"pkg/{name}", f"#!/bin/sh\\n{script}\\n", executable=True)
    runfiles = Runfiles(files=Depset([program]))
    requests.append(TestRequest(Label(PACKAGE, name), "cfg", Program(program, runfiles)))
result = bench.build(*(request.program.executable for request in requests))
machinery = bench.machinery()
runner = TestRunner(machinery, content=result.outputs.__getitem__, generating=bench.actions.get)
try:
    run_tests(runner, requests, jobs=1, children=machinery.children, events=bench.events)
except Interrupted:
    for event in bench.events.seen:
        if isinstance(event, TestFinished):
            print(event.label, event.status.value)
    sys.exit(8)
"""


def test_interrupted_tests_have_no_status_and_no_process_left(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = subprocess.Popen(
        [sys.executable, "-c", TESTING, str(tmp_path)], env=environment, stdout=subprocess.PIPE, text=True
    )
    flag = tmp_path / "flag"
    while not flag.exists() or not flag.read_text().endswith("\n"):
        assert command.poll() is None
        time.sleep(0.01)
    os.kill(command.pid, signal.SIGINT)
    out, _ = command.communicate()
    assert (command.returncode, out) == (8, "//pkg:quick PASSED\n//pkg:slow NO STATUS\n")
    assert not is_alive(int(flag.read_text()))
