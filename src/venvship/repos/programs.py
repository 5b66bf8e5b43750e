"""Programs that make repositories: git, and what repository rules run."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.host.processes import Children, kill_group

TIMED_OUT = 256
_LARGEST_OUTPUT = 64 << 20


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """How a program ended and what it wrote; the code is 256 when it took too long."""

    return_code: int
    stdout: str
    stderr: str


def run_program(
    children: Children,
    argv: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    timeout: float | None = None,
) -> ProgramResult:
    """Run a program to its end with empty input. Raises ProgramNotStarted."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = children.start(argv, cwd=directory, environment=environment, stdout=out.fileno(), stderr=err.fileno())
        if process is None:
            return ProgramResult(TIMED_OUT, "", "interrupted")
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = TIMED_OUT
        finally:
            # What it started goes with it.
            kill_group(process)
            process.wait()
            children.forget(process)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read(_LARGEST_OUTPUT).decode("utf-8", "replace"))
        return ProgramResult(code if code >= 0 else 128 - code, texts[0], texts[1])
