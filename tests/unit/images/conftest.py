from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest

Peer = Callable[..., str]


@pytest.fixture
def peer() -> Peer:
    """Runs another implementation of the same formats and gives its output; skips where it is not installed."""

    def run(program: str, *arguments: object) -> str:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode()

    return run
