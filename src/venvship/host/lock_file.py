"""A file that one process at a time has locked; only the interpreter's own modules are imported for it."""

from __future__ import annotations

import fcntl
import os


def lock_file(path: str, *, wait: bool) -> int | None:
    """Lock the file, which is made where it is missing, and write this process's id into it.

    Returns its descriptor; None when another process has it and this one doesn't `wait`. The system drops the lock
    when the descriptor is closed or the process dies, however it dies.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def unlock_file(descriptor: int) -> None:
    # `contextlib` would cost more than the whole lock.
    try:  # noqa: SIM105
        os.ftruncate(descriptor, 0)
    except OSError:
        pass
    os.close(descriptor)
