"""The command as a process: what it imports, how it is interrupted, whom it becomes."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from fake_session import CommandLine

from venvship.cli.help import commands_document
from venvship.cli.surroundings import execute
from venvship.cli.version import VERSION
from venvship.session.outcomes import RunPlan

ROOT = Path(__file__).parents[3]


def python(code: str, *argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *argv], cwd=cwd, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize("words", [["--version"], ["version"], ["help"]])
def test_simple_answers_import_next_to_nothing(words: list[str]) -> None:
    code = """
import sys
before = set(sys.modules)
from venvship.cli.main import console_main
try:
    console_main()
except SystemExit as end:
    assert end.code == 0
new = sorted(name for name in set(sys.modules) - before)
print(*new, file=sys.stderr)
"""
    done = python(code, *words)
    imported = done.stderr.split()
    assert done.stdout
    assert [name for name in imported if not name.startswith(("venvship", "__future__"))] == []
    assert len(imported) < 8


def test_flags_are_parsed_without_packages_of_others(venvship: CommandLine) -> None:
    code, imported = imported_by("build", "--nope", cwd=venvship.root)
    assert code == 2
    assert "venvship.cli.dispatch" in imported
    packages = {name.partition(".")[0] for name in imported}
    assert {"rich", "packaging", "requests", "pypi_simple", "isal"}.isdisjoint(packages)


def test_graphs_are_made_without_what_fetches_unpacks_or_reads_locks(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    workspace.mkdir()
    (workspace / "MODULE.bazel").write_text("")
    (workspace / "BUILD.bazel").write_text('filegroup(name = "g", srcs = ["BUILD.bazel"])')
    words = ["build", "--nobuild", "--noshow_progress", "--symlink_prefix=/", "//..."]
    code, imported = imported_by(f"--output_user_root={tmp_path}/state", *words, cwd=workspace)
    assert code == 0
    assert "venvship.analysis.analyzer" in imported
    heavy = {"rich", "requests", "pypi_simple", "isal", "uv", "packaging.requirements", "packaging.specifiers"}
    heavy |= {"configparser", "email", "html", "http", "tarfile", "urllib.request", "xml"}
    heavy |= {"venvship.repos.unpacking", "venvship.session.source_builds", "venvship.session.wheel_hub"}
    assert heavy & imported == set()


def imported_by(*argv: str, cwd: Path) -> tuple[int, set[str]]:
    """The exit code of a command, and every module that it has imported."""
    words = [sys.executable, "-X", "importtime", "-m", "venvship", *argv]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=600)
    rows = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return done.returncode, {row.rpartition("|")[2].strip() for row in rows}


def test_the_version_is_that_of_the_package() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_the_page_about_commands_is_that_of_the_flag_table() -> None:
    assert (ROOT / "docs" / "commands.md").read_text() == commands_document(), (
        "write it again: python -c 'from venvship.cli.help import commands_document as d; print(d(), end=\"\")'"
    )


INTERRUPTED = """
import io, os, signal, sys, time
from pathlib import Path
from venvship.cli import main as cli
from venvship.cli.interruption import stop_orderly_when_interrupted
stop_orderly_when_interrupted()

def wait():
    # Not in one go: a signal that comes just before is noticed after it.
    while True:
        time.sleep(0.01)

class Sleeper:
    def __enter__(self):
        os.kill(os.getpid(), signal.SIGINT)
        wait()
    def __exit__(self, *error):
        return None

class Stubborn(Sleeper):
    def __enter__(self):
        try:
            super().__enter__()
        except KeyboardInterrupt:
            os.kill(os.getpid(), signal.SIGINT)
            wait()

sessions = {"orderly": Sleeper, "stubborn": Stubborn}
code = cli.main(
    ["build", "//lib"], cwd=Path.cwd(), stdout=sys.stdout, stderr=sys.stderr, environment={},
    open_session=lambda start, options, events: sessions[sys.argv[1]](),
)
print("after", code)
"""


def test_the_first_interruption_is_orderly_and_the_second_at_once(venvship: CommandLine) -> None:
    orderly = python(INTERRUPTED, "orderly", cwd=venvship.root)
    assert (orderly.returncode, orderly.stdout, orderly.stderr) == (0, "after 8\n", "ERROR: interrupted\n")
    stubborn = python(INTERRUPTED, "stubborn", cwd=venvship.root)
    assert (stubborn.returncode, stubborn.stdout) == (8, "")


def test_a_program_gets_its_environment_directory_and_default_signals(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from venvship.cli.surroundings import execute
from venvship.session.outcomes import RunPlan
execute(RunPlan(("/bin/sh", "-c", sys.argv[2], "name", "x y"), {"A": "b"}, Path(sys.argv[1])))
"""
    done = python(code, str(tmp_path), 'pwd; echo "$A, $1, $HOME"; exit 7')
    assert (done.returncode, done.stdout) == (7, f"{tmp_path}\nb, x y, {os.environ['HOME']}\n")
    done = python(code, str(tmp_path), "kill -PIPE $$; echo survived")
    assert (done.returncode, done.stdout) == (-signal.SIGPIPE, "")


def test_a_program_that_can_not_be_started_is_the_machines_problem(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        execute(RunPlan((str(tmp_path / "nothing"),), {}, Path.cwd()))
    # A reader of our output that goes away must not end us while we report this.
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN


def test_a_pipe_that_closes_early_is_no_complaint(venvship: CommandLine) -> None:
    done = subprocess.run(
        f"'{sys.executable}' -m venvship help query | head -1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        cwd=venvship.root,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [["--version"], ["help"], ["query", "//..."], ["build", "//:nothing"]])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_fault(tmp_path: Path, words: list[str], closed: str) -> None:
    (tmp_path / "MODULE.bazel").write_text("")
    command = f"{shlex.quote(sys.executable)} -m venvship {shlex.join(words)} {closed}"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1, 7)
