"""Other revisions of this project, as peers of the one that is measured."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from measuring import PROJECT


@contextlib.contextmanager
def installed(revision: str, directory: Path) -> Iterator[str]:
    """The command of a revision, in a worktree and a virtualenv below `directory` that go away afterwards.

    What the project needs is installed from the configured index.
    """
    git = ("git", "-C", str(PROJECT), "worktree")
    worktree, venv = directory / "worktree", directory / "venv"
    _run(*git, "add", "--quiet", "--detach", str(worktree), revision)
    try:
        _run(sys.executable, "-m", "venv", "--without-pip", str(venv))
        pip = (sys.executable, "-m", "pip", f"--python={venv}", "--disable-pip-version-check")
        _run(*pip, "install", "--quiet", "--editable", str(worktree))
        yield str(venv / "bin" / "venvship")
    finally:
        _run(*git, "remove", "--force", str(worktree))


def described(revision: str) -> str:
    """Its tag, or its hash."""
    return _run("git", "-C", str(PROJECT), "describe", "--tags", "--always", f"{revision}^{{commit}}")


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise SystemExit(f"`{' '.join(argv)}` failed:\n{done.stderr}")
    return done.stdout.strip()
