"""One command at a time per workspace."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from venvship.errors import EnvironmentProblem
from venvship.host.files import disk_problems
from venvship.host.lock_file import lock_file, unlock_file


class LockHeld(EnvironmentProblem):
    """Another command works in the same workspace; `pid` is 0 when it did not say who it is."""

    def __init__(self, pid: int) -> None:
        who = f"another command (pid {pid})" if pid else "another command"
        super().__init__(f"{who} is running in this workspace", hint="wait for it, or leave out `--noblock_for_lock`")
        self.pid = pid


class FileLock:
    """An exclusive lock that the system drops when its process dies, however it dies.

    The file holds the pid of the owner, for the message of those who wait.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def try_acquire(self) -> None:
        """Take the lock now; raises LockHeld."""
        self._take(wait=False)

    def acquire(self) -> None:
        """Wait until the lock is free and take it."""
        self._take(wait=True)

    def release(self) -> None:
        if self._descriptor is not None:
            unlock_file(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        if self._descriptor is None:
            self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take(self, *, wait: bool) -> None:
        with disk_problems(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = lock_file(str(self._path), wait=wait)
        if self._descriptor is None:
            pid = self._path.read_bytes()[:32].strip()
            raise LockHeld(int(pid) if pid.isdigit() else 0)
