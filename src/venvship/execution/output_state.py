"""What each action left in the output tree, so that an unchanged one costs a few system calls.

For every action, under its first output: its key, what its outputs are, and of files the inode, size and times by
which a change behind our back is noticed. Links are compared by their text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from venvship.host.files import write_atomically
from venvship.host.links import link_text
from venvship.model.paths import ExecPath

_FORMAT = 1

Trace = str
"""What was seen of one output: of a link its text, of a file its inode, size, times and mode."""


def trace_of(path: str) -> Trace | None:
    """What can be seen of the file or link at `path` without reading a file; None when it is neither."""
    text = link_text(path)
    if text is not None:
        return "l" + text
    try:
        status = os.lstat(path)
    except OSError:
        return None
    # No change time: it moves whenever another link of the same blob is made.
    return f"f{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_mode:o}"


Rows = Mapping[str, Sequence[str]]
"""Of each output of an action, by exec path: what it is (the text of an `Output`), and its trace."""


class OutputState:
    """The records of one output tree; loaded at the beginning of a command and saved at its end."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rows: dict[str, list[object]] = {}
        self._dirty = False
        try:
            document = json.loads(file.read_bytes())
            if document["format"] == _FORMAT and isinstance(document["actions"], dict):
                self._rows = document["actions"]
        except (OSError, ValueError, TypeError, LookupError, RecursionError):
            # Without records everything is looked up in the action cache.
            pass

    def get(self, primary: ExecPath, key: str) -> Rows | None:
        """What the action left, if its key was `key` then."""
        match self._rows.get(primary):
            case [recorded, dict(rows)] if recorded == key:
                return rows
        return None

    def put(self, primary: ExecPath, key: str, rows: Rows) -> None:
        self._rows[primary] = [key, dict(rows)]
        self._dirty = True

    def forget(self, primary: ExecPath) -> None:
        if self._rows.pop(primary, None) is not None:
            self._dirty = True

    def save(self) -> None:
        if self._dirty:
            data = json.dumps({"format": _FORMAT, "actions": self._rows}, separators=(",", ":")).encode()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, data)
            self._dirty = False
