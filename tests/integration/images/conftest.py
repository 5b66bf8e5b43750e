from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory whose path is short enough for the sockets of container engines."""
    with tempfile.TemporaryDirectory(prefix="v", dir="/tmp", ignore_cleanup_errors=True) as directory:
        yield Path(directory)
