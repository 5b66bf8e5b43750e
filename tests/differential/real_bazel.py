"""Bazel as Debian packages it (`bazel-bootstrap`), made to work without a network.

Debian leaves out what Bazel would download for its own tools: the repositories in `stubs/` stand for that.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from differential.case import Answer, Answers, Case, lay_out, outputs_below
from differential.saying import complaints, prints

PROGRAM = "bazel-4"
_STUBS = Path(__file__).parent / "stubs"
_STARTUP = ("--install_base=/usr/share/bazel",)
_QUIET = ("--color=no", "--curses=no", "--noshow_progress")
_BUILDING = frozenset({"build", "run", "test"})


def installed() -> bool:
    return shutil.which(PROGRAM) is not None


@dataclass(frozen=True)
class RealBazel:
    """A workspace and an output tree of their own; both lie in `root`."""

    root: Path

    @property
    def workspace(self) -> Path:
        return self.root / "ws"

    def version(self) -> str:
        return self._run("info", "release").stdout.strip()

    def answers(self, case: Case) -> Answers:
        lay_out(case, self.workspace)
        runs = tuple(self._answer(command) for command in case.commands)
        return Answers(runs, outputs_below(self.workspace / "bazel-bin", case, self.workspace))

    def _answer(self, command: str) -> Answer:
        word, *rest = shlex.split(command)
        done = self._run(word, *rest)
        stdout = done.stdout.splitlines() if word == "query" else []
        workspace = str(self.workspace)
        return Answer(
            command,
            done.returncode,
            prints(done.stderr, workspace),
            tuple(stdout),
            messages=complaints(done.stderr, workspace),
        )

    def _run(self, word: str, *rest: str) -> subprocess.CompletedProcess[str]:
        flags = [f"--override_repository={stub.name}={stub}" for stub in sorted(_STUBS.iterdir())]
        if word in _BUILDING:
            flags.append("--nosandbox_debug")
        return subprocess.run(
            [PROGRAM, *_STARTUP, f"--output_user_root={self.root / 'out'}", word, *_QUIET, *flags, *rest],
            cwd=self.workspace,
            env={"HOME": str(self.root), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            errors="backslashreplace",
            stdin=subprocess.DEVNULL,
            timeout=600,
            check=False,
        )


@contextmanager
def running(root: Path) -> Iterator[RealBazel]:
    """A Bazel whose server ends with the block."""
    bazel = RealBazel(root)
    bazel.workspace.mkdir(parents=True)
    (bazel.workspace / "WORKSPACE").touch()
    try:
        yield bazel
    finally:
        bazel._run("shutdown")
        subprocess.run(["chmod", "-R", "u+w", str(root)], check=False)
