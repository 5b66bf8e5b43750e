"""Reads and unpacks wheels in processes of their own, while this one talks to servers.

To look at each member of a wheel and to inflate it takes longer than to receive it, and a thread that did so would hold
the interpreter lock for which those wait that receive the others. What a process reads it keeps in the store, as an
earlier command would have done. Whatever goes wrong with a process is no matter: a manifest that is not in the store is
read when it is asked for, and what was not unpacked is unpacked by its action.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from venvship.dataclass import dataclass
from venvship.execution.workers import ToolFailed, ToolResult
from venvship.host.machine import cpu_count
from venvship.repos.wheel_store import WheelStore
from venvship.wheels.archive import MalformedWheel
from venvship.wheels.filename import WheelFilename

_FEW: Final = 12  # so many wheels are read before a process would have started
_MOST: Final = 4
# Nothing is left to be done at the end, and somebody waits for it.
_PROGRAM: Final = (
    "import os, sys; sys.path[:] = sys.argv[2:]; from venvship.repos.wheel_reader import main; main(); os._exit(0)"
)
# Megabytes come and go with every file. What glibc hands back to the kernel it gets again page by page, each cleared.
_KEPT_MEMORY: Final = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}


class WheelReaders:
    """Used from several threads; the processes end with the block, or with this one."""

    def __init__(self, store: WheelStore, *, wheels: int) -> None:
        """`wheels` is how many there may be to read: for a few, no process is started."""
        self._store = store
        self._idle: queue.SimpleQueue[WheelReader] = queue.SimpleQueue()
        self._readers = [WheelReader(store.root) for _ in range(min(cpu_count(), _MOST) if wheels > _FEW else 0)]
        for reader in self._readers:
            self._idle.put(reader)

    def __bool__(self) -> bool:
        """Whether there are processes."""
        return bool(self._readers)

    def read(self, sha256: str, filename: WheelFilename) -> None:
        """Let the store know the manifest of a wheel; what is wrong with the wheel is said where it is used."""
        if self._readers and not self._store.keeps_manifest(sha256):
            self._answer(sha256, filename, {})
        with contextlib.suppress(MalformedWheel):
            self._store.manifest(sha256, filename)

    def unpacker(self, sha256: str, filename: WheelFilename) -> WheelUnpacker:
        """Runs the tool that installs this wheel, and keeps its manifest on the way."""
        return WheelUnpacker(self, sha256, filename)

    def _answer(self, sha256: str, filename: WheelFilename, request: Mapping[str, Any]) -> bytes:
        reader = self._idle.get()
        try:
            return reader.read(sha256, filename, request)
        finally:
            self._idle.put(reader)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self._readers:
            reader.dismiss()
        for reader in self._readers:
            reader.close()


@dataclass(frozen=True, slots=True)
class WheelUnpacker:
    """Stands for a worker; it fails without a word, because whoever runs the tool again finds the words."""

    readers: WheelReaders
    sha256: str
    filename: WheelFilename

    def run(
        self,
        tool: str,
        request: Mapping[str, Any],
        *,
        interpreter: str | None = None,
        user_environment: bool = False,
    ) -> ToolResult:
        answer = self.readers._answer(self.sha256, self.filename, request)
        if not answer.strip():
            raise ToolFailed(f"`{self.filename.text}` was not unpacked", trace="", output="")
        return ToolResult(json.loads(answer), "")


class WheelReader:
    """One process; it answers nothing if it can't be started or has ended."""

    def __init__(self, root: Path) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        # It finds our modules where we have found them, whatever the environment says.
        argv = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(root), *sys.path]
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_KEPT_MEMORY
            )

    def read(self, sha256: str, filename: WheelFilename, request: Mapping[str, Any]) -> bytes:
        """Let the store know the manifest, and carry out a request to install the wheel unless it is empty."""
        if self._process is None:
            return b""
        with contextlib.suppress(OSError):
            questions = _open(self._process.stdin)
            questions.write(json.dumps([sha256, filename.text, request]).encode() + b"\n")
            questions.flush()
            return _open(self._process.stdout).readline()
        return b""

    def dismiss(self) -> None:
        """Ask for nothing more, so that the process ends while something else is done."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                _open(self._process.stdin).close()

    def close(self) -> None:
        """Wait for the end of the process."""
        self.dismiss()
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):
                _open(process.stdout).close()
            process.wait()


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
