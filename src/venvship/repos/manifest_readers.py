"""Reads manifests of wheels in processes of their own, while this one talks to servers.

To look at each member of a wheel and to inflate its libraries takes longer than to receive it, and a thread that did so
would hold the interpreter lock for which those wait that receive the others. What a process reads it keeps in the
store, as an earlier command would have done. Whatever goes wrong with a process is no matter: a manifest that is not in
the store is read when it is asked for.
"""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from venvship.host.machine import cpu_count
from venvship.repos.wheel_store import WheelStore
from venvship.wheels.archive import MalformedWheel
from venvship.wheels.filename import WheelFilename

_FEW: Final = 12  # so many wheels are read before a process would have started
_MOST: Final = 4
_PROGRAM: Final = "import sys; sys.path[:] = sys.argv[2:]; from venvship.repos.manifest_readers import main; main()"


class ManifestReaders:
    """Used from several threads; the processes end with the block, or with this one."""

    def __init__(self, store: WheelStore, *, wheels: int) -> None:
        """`wheels` is how many there may be to read: for a few, no process is started."""
        self._store = store
        self._idle: queue.SimpleQueue[ManifestReader] = queue.SimpleQueue()
        self._readers = [ManifestReader(store.root) for _ in range(min(cpu_count(), _MOST) if wheels > _FEW else 0)]
        for reader in self._readers:
            self._idle.put(reader)

    def read(self, sha256: str, filename: WheelFilename) -> None:
        """Let the store know the manifest of a wheel; what is wrong with the wheel is said where it is used."""
        if self._readers:
            reader = self._idle.get()
            try:
                reader.read(sha256, filename)
            finally:
                self._idle.put(reader)
        with contextlib.suppress(MalformedWheel):
            self._store.manifest(sha256, filename)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self._readers:
            reader.close()


class ManifestReader:
    """One process; it answers nothing if it can't be started or has ended."""

    def __init__(self, root: Path) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        # It finds our modules where we have found them, whatever the environment says.
        argv = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(root), *sys.path]
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}
            )

    def read(self, sha256: str, filename: WheelFilename) -> None:
        if self._process is None:
            return
        with contextlib.suppress(OSError):
            questions = _open(self._process.stdin)
            questions.write(f"{sha256} {filename.text}\n".encode())
            questions.flush()
            _open(self._process.stdout).readline()

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    _open(stream).close()
            process.wait()


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def main() -> None:
    """Answer each line, a hash and the name of a wheel in the store, by an empty one when its manifest is kept."""
    store = WheelStore(Path(sys.argv[1]))
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        for line in sys.stdin.buffer:
            sha256, _, filename = line.decode().strip().partition(" ")
            with contextlib.suppress(MalformedWheel):
                store.keep_manifest(sha256, WheelFilename.parse(filename))
            sys.stdout.buffer.write(b"\n")
            sys.stdout.buffer.flush()
