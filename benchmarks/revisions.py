"""This project as its users have it, and other revisions of it as peers."""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measuring import PROJECT

FRESH_SECONDS = 2.1
"""What is newer than this when a command notes what it has read is read again by the next ones."""


@functools.cache
def installed_wheel() -> str:
    """The command of this working tree, in a virtualenv that goes away with this process.

    In `.venv` the project is editable, beside packages with files of paths of their own, and its script is that of the
    pip that came with the interpreter, which may import what nobody needs: up to six milliseconds of each start.
    """
    venv = Path(tempfile.mkdtemp(prefix="bench-command"))
    atexit.register(shutil.rmtree, venv, ignore_errors=True)
    _install(venv, str(PROJECT))
    time.sleep(FRESH_SECONDS)
    return str(venv / "bin" / "venvship")


@contextlib.contextmanager
def installed(revision: str, directory: Path) -> Iterator[str]:
    """The command of a revision, in a worktree and a virtualenv below `directory` that go away afterwards.

    What the project needs is installed from the configured index.
    """
    git = ("git", "-C", str(PROJECT), "worktree")
    worktree, venv = directory / "worktree", directory / "venv"
    _run(*git, "add", "--quiet", "--detach", str(worktree), revision)
    try:
        _install(venv, "--editable", str(worktree))
        yield str(venv / "bin" / "venvship")
    finally:
        _run(*git, "remove", "--force", str(worktree))


def described(revision: str) -> str:
    """Its tag, or its hash."""
    return _run("git", "-C", str(PROJECT), "describe", "--tags", "--always", f"{revision}^{{commit}}")


def _install(venv: Path, *words: str) -> None:
    _run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    pip = (sys.executable, "-m", "pip", f"--python={venv}", "--disable-pip-version-check")
    _run(*pip, "install", "--quiet", *words)


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise SystemExit(f"`{' '.join(argv)}` failed:\n{done.stderr}")
    return done.stdout.strip()
