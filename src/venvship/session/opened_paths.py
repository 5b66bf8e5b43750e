"""Which files a command opens and which directories it lists, whoever does it.

The interpreter tells an audit hook of each. So a stamp knows of files that nobody declared: rc files, lock files,
settings of pip and uv, interpreters and libraries of the machine. Each is remembered with what it looked like before it
was opened first.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.session.stamp import Signature, signature

_EVENTS = frozenset(("open", "os.listdir", "os.scandir"))
# Files in memory lie below /dev, too.
_DEVICES = ("fd/", "null", "ptmx", "pts/", "random", "std", "tty", "urandom", "zero")
_NOT_FILES = (*(f"/dev/{name}" for name in _DEVICES), "/proc/", "/sys/")
_OWN_CODE = f"{Path(__file__).resolve().parent.parent}/"


@dataclass(frozen=True, slots=True)
class OpenedPath:
    """What was at a path when it was opened first, at `seen` on the clock; None when there was nothing."""

    signature: Signature | None
    seen: int


class OpenedPaths:
    """Remembers paths from now on; at most one of these listens."""

    def __init__(self, *, ignored: str) -> None:
        """What lies in the directory `ignored` is not remembered, nor are libraries of Python and our own code."""
        self._found: dict[str, OpenedPath] = {}
        self._ignored = (f"{ignored}/", _OWN_CODE, *_NOT_FILES, *_library_directories())
        if _listening is None:
            sys.addaudithook(_hear)
        self.listen()

    def listen(self) -> None:
        """Hear again, after a stop; what was opened meanwhile stays unknown."""
        global _listening
        _listening = self

    def paths(self) -> Mapping[str, OpenedPath]:
        return self._found

    def stop(self) -> None:
        """Hear no more."""
        global _listening
        if _listening is self:
            _listening = _NOBODY

    def take(self, path: object) -> None:
        try:
            text = os.path.abspath(os.fsdecode(path))  # type: ignore[arg-type]
        except (TypeError, ValueError, OSError):
            return
        if text in self._found or text.startswith(self._ignored):
            return
        seen = time.time_ns()
        try:
            found = signature(os.stat(text))
        except (OSError, ValueError):
            self._found[text] = OpenedPath(None, seen)
        else:
            self._found[text] = OpenedPath(found, seen)


class _Nobody:
    def paths(self) -> Mapping[str, OpenedPath]:
        return {}

    def take(self, path: object) -> None:
        pass


_NOBODY = _Nobody()
_listening: OpenedPaths | _Nobody | None = None


def opened_so_far() -> frozenset[str]:
    """What has been opened by now, if anybody listens."""
    return frozenset() if _listening is None else frozenset(_listening.paths())


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _EVENTS:
        return
    listening = _listening
    if listening is None or listening is _NOBODY:
        return
    path = arguments[0]
    if isinstance(path, int):
        return
    if event == "open" and isinstance(flags := arguments[2], int) and flags & os.O_ACCMODE != os.O_RDONLY:
        return
    listening.take("." if path is None else path)


def _library_directories() -> Iterator[str]:
    yield f"{os.path.dirname(os.__file__)}/"
    for path in sys.path:
        if path.endswith(("/site-packages", "/dist-packages", "/lib-dynload")):
            yield f"{path}/"
