from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest

from venvship.cli.fast_path import StampPlace, answer, stamp_place
from venvship.execution.layout import Layout, default_user_root
from venvship.session.stamp import Stamp, process_facts

ALLOWED = frozenset(
    (
        "_operator", "_sha2", "_sha256", "marshal", "time", "venvship", "venvship.cli", "venvship.cli.fast_path",
        "venvship.cli.main", "venvship.cli.version", "venvship.host", "venvship.host.marshalled",
        "venvship.host.short_hash", "venvship.session", "venvship.session.stamp", "gc", "stat", "_stat",
        "__future__",
    )
)  # fmt: skip
"""What looking for an answer may import beside what the interpreter itself has at its start."""

PROBE = """
import sys
before = set(sys.modules)
import venvship.cli.main as program
try:
    program._answer_again(["build", "//..."], {cwd!r}, clock=0.0, started=0)
except SystemExit:
    pass
print(*sorted(set(sys.modules) - before))
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "ws"
    (root / "pkg").mkdir(parents=True)
    (root / "MODULE.bazel").write_text("")
    return root


def place(workspace: Path, *argv: str, cwd: str = "", **environment: str) -> StampPlace | None:
    home = {"HOME": str(workspace.parent / "home")}
    return stamp_place(
        argv,
        cwd=str(workspace / cwd) if cwd else str(workspace),
        environment=home | environment,
        terminals=(False, False),
        started=0,
    )


def test_the_way_to_an_answer_imports_next_to_nothing(workspace: Path) -> None:
    environment = {"HOME": str(workspace), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(cwd=str(workspace))],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) <= ALLOWED
    assert "venvship.session.stamp" in done.stdout.split()


def test_stamps_lie_in_the_output_base_of_the_workspace(workspace: Path) -> None:
    home = {"HOME": str(workspace.parent / "home")}
    layout = Layout.of(workspace, default_user_root(home))
    found = place(workspace, "build", "//...", cwd="pkg")
    assert found is not None
    assert found.output_base == str(layout.output_base)
    moved = place(workspace, "--output_user_root=/elsewhere", "build", "//...")
    assert moved is not None
    assert moved.output_base == str(Layout.of(workspace, Path("/elsewhere")).output_base)
    cached = place(workspace, "build", "//...", XDG_CACHE_HOME="/cache")
    assert cached is not None
    assert cached.output_base == str(Layout.of(workspace, Path("/cache/venvship")).output_base)


def test_every_command_line_has_a_stamp_of_its_own(workspace: Path) -> None:
    places = [
        place(workspace, "build", "//..."),
        place(workspace, "test", "//..."),
        place(workspace, "build", "//...", "-k"),
        place(workspace, "build", "//... -k"),
        place(workspace, "build", "//...", cwd="pkg"),
    ]
    paths = [found.path for found in places if found is not None]
    assert len(set(paths)) == len(places)


def test_what_a_program_is_given_is_no_part_of_the_command(workspace: Path) -> None:
    plain, dashes, more = (place(workspace, "run", "//:x", *words) for words in ((), ("--",), ("--", "a", "--", "b")))
    assert plain is not None and dashes is not None and more is not None
    assert plain.path == dashes.path == more.path
    assert (plain.arguments, dashes.arguments, more.arguments) == ([], [], ["a", "--", "b"])
    other = place(workspace, "run", "//:x", "a")
    assert other is not None and other.path != plain.path


@pytest.mark.parametrize(
    "argv",
    [("query", "//..."), ("info",), ("--output_user_root", "/x", "build", "//..."), ("--batch",), ()],
)
def test_other_commands_have_none(workspace: Path, argv: tuple[str, ...]) -> None:
    assert place(workspace, *argv) is None


def test_outside_of_a_workspace_there_is_none(tmp_path: Path) -> None:
    assert place(tmp_path, "build", "//...") is None


def test_an_answer_is_what_the_command_said_before(workspace: Path) -> None:
    found = place(workspace, "build", "//...")
    assert found is not None
    stdout, stderr = io.StringIO(), io.StringIO()
    assert not answer(found, {}, stdout=stdout, stderr=stderr, clock=0.0)
    stamp = Stamp()
    stamp.facts = process_facts({})
    stamp.errors = ("INFO: Elapsed time: ", "s\n")
    stamp.answer = "//pkg:test PASSED\n"
    Path(found.path).parent.mkdir(parents=True)
    Path(found.path).write_bytes(stamp.encode())
    Path(found.path).chmod(0o600)
    assert answer(found, {}, stdout=stdout, stderr=stderr, clock=time.monotonic())
    assert stdout.getvalue() == "//pkg:test PASSED\n"
    assert stderr.getvalue().startswith("INFO: Elapsed time: 0.")


def test_a_reader_that_went_away_is_no_failure(workspace: Path) -> None:
    class Closed(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    found = place(workspace, "build", "//...")
    assert found is not None
    stamp = Stamp()
    stamp.facts = process_facts({})
    stamp.errors = ("a", "b")
    Path(found.path).parent.mkdir(parents=True)
    Path(found.path).write_bytes(stamp.encode())
    Path(found.path).chmod(0o600)
    assert answer(found, {}, stdout=Closed(), stderr=Closed(), clock=0.0)


INTERRUPTED = """
import sys
import venvship.cli.main as program

def interrupt(*args, **more):
    raise KeyboardInterrupt

program._answer_again = interrupt
sys.argv = ["venvship", "build", "//..."]
program.console_main()
"""


def test_an_interrupt_before_anything_is_imported_is_said_in_one_line(workspace: Path) -> None:
    environment = {"HOME": str(workspace), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], env=environment, cwd=workspace, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (8, "ERROR: interrupted\n")
