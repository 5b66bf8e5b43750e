"""The clock by which files are dated: on many machines it stands still for milliseconds at a time."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def let_files_age(directory: Path) -> None:
    """Return once what changes from now on is dated later than what has changed so far, on the disk of `directory`."""
    with tempfile.NamedTemporaryFile(dir=directory) as probe:
        begin = os.fstat(probe.fileno()).st_ctime_ns
        while os.fstat(probe.fileno()).st_ctime_ns == begin:
            os.fchmod(probe.fileno(), 0o600)
