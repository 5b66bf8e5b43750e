"""What each action left in the output tree, so that an unchanged one costs a few system calls.

For every action, under its first output: its key, what its outputs are, and of files the inode, size and times by
which a change behind our back is noticed. Links are compared by their text.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Protocol, TypeAlias

from venvship.host.files import disk_problems, write_atomically
from venvship.host.links import link_text
from venvship.host.marshalled import packed, read_own, unpacked
from venvship.model.paths import ExecPath

_MAGIC = b"venvship-outputs 2\n"
_FEW = 500
_LONGEST_JOURNAL = 1 << 20

FileTrace: TypeAlias = tuple[int, int, int, int]

Trace: TypeAlias = str | FileTrace
"""What was seen of one output: of a link its text, of a file what `file_trace` answers."""

file_trace: Callable[[os.stat_result], FileTrace] = attrgetter("st_mtime_ns", "st_size", "st_ino", "st_mode")
"""No change time: it moves whenever another link of the same blob is made. Stamps know outputs by the same."""


def trace_of(path: str) -> Trace | None:
    """What can be seen of the file or link at `path` without reading a file; None when it is neither."""
    text = link_text(path)
    if text is not None:
        return text
    try:
        return file_trace(os.lstat(path))
    except OSError:
        return None


def still_has(path: str, trace: Trace) -> bool:
    """Whether the file or link at `path` looks as it did."""
    try:
        if isinstance(trace, str):
            return os.readlink(path) == trace
        return file_trace(os.lstat(path)) == trace
    except OSError:
        return False


Rows: TypeAlias = Mapping[str, tuple[str, Trace]]
"""Of each output of an action, by exec path: what it is (the text of an `Output`), and its trace."""


class ActionRecords(Protocol):
    """What the actions of one output tree left."""

    def get(self, primary: ExecPath, key: str) -> Rows | None:
        """What the action left whose first output is `primary`, if its key was `key` then."""
        ...

    def put(self, primary: ExecPath, key: str, rows: Rows) -> None: ...

    def forget(self, primary: ExecPath) -> None:
        """Know nothing of an action any more."""
        ...

    def save(self) -> None:
        """Keep what was put for the next command."""
        ...


class OutputState:
    """The records of one output tree, read when one is first asked for and saved at the end of a command.

    Few changes are written as lines of a journal beside the file; the journal ends when the file is written anew.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._journal = file.with_name(f"{file.name}.journal")
        self._rows: dict[str, list[object]] | None = None
        self._changed: dict[str, list[object] | None] = {}

    def get(self, primary: ExecPath, key: str) -> Rows | None:
        row = self._changed[primary] if primary in self._changed else self._loaded().get(primary)
        match row:
            case [recorded, dict(rows)] if recorded == key:
                return rows
        return None

    def put(self, primary: ExecPath, key: str, rows: Rows) -> None:
        self._changed[primary] = [key, dict(rows)]

    def forget(self, primary: ExecPath) -> None:
        self._changed[primary] = None

    def save(self) -> None:
        if not self._changed:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if len(self._changed) <= _FEW and self._file.exists() and _size(self._journal) <= _LONGEST_JOURNAL:
            self._append()
        else:
            self._write()
        if self._rows is not None:
            _apply(self._rows, self._changed.items())
        self._changed = {}

    def _loaded(self) -> dict[str, list[object]]:
        if self._rows is None:
            self._rows = _read(self._file)
            _apply(self._rows, _lines(self._journal))
        return self._rows

    def _append(self) -> None:
        lines = (json.dumps(item, separators=(",", ":")) for item in self._changed.items())
        # A line that was cut off by the end of a process must not swallow the next one.
        data = "".join(f"\n{line}" for line in lines).encode() + b"\n"
        descriptor = os.open(self._journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with disk_problems(self._journal), open(descriptor, "wb") as file:
            file.write(data)

    def _write(self) -> None:
        rows = dict(self._loaded())
        _apply(rows, self._changed.items())
        write_atomically(self._file, packed(_MAGIC, rows))
        with contextlib.suppress(FileNotFoundError):
            # What is older than the file is harmless: no row counts whose key or trace is another.
            self._journal.unlink()


def _read(file: Path) -> dict[str, list[object]]:
    data = read_own(str(file))
    rows = None if data is None else unpacked(_MAGIC, data)
    # Without records everything is looked up in the action cache.
    return rows if isinstance(rows, dict) else {}


def _lines(journal: Path) -> Iterator[tuple[str, list[object] | None]]:
    try:
        lines = journal.read_bytes().split(b"\n")
    except OSError:
        return
    for line in lines:
        try:
            primary, row = json.loads(line)
            if row is not None:
                key, rows = row
                row = [key, {path: _seen(*seen) for path, seen in rows.items()}]
        except (ValueError, TypeError, AttributeError, RecursionError):
            # An empty line, or one that was cut off.
            continue
        if isinstance(primary, str):
            yield primary, row


def _seen(text: str, trace: str | list[int]) -> tuple[str, object]:
    """As it was before it was written as JSON."""
    return text, tuple(trace) if isinstance(trace, list) else trace


def _apply(rows: dict[str, list[object]], changes: Iterable[tuple[str, list[object] | None]]) -> None:
    for primary, row in changes:
        if row is None:
            rows.pop(primary, None)
        else:
            rows[primary] = row


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
