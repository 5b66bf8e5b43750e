"""Small files and links, put in their places many at a time: here, or in a process of its own.

    python -I -S placements.py DIRECTORY PARENT

Such a process reads rows and answers what became of them, each a `marshal` value after its length in eight bytes. New
files wait in DIRECTORY for their names. It ends with its stdin, and places nothing more once PARENT is gone.

Whoever lets go of a file last waits until its blocks are free, which takes milliseconds where the file system tells the
disk of each (`discard`), but disks hear of several at once. So a file is held open while another one takes its place,
and is closed by a thread.
"""

from __future__ import annotations

import contextlib
import errno
import marshal
import os
import sys
import threading
from queue import SimpleQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO, Any, TypeAlias

    Row: TypeAlias = "tuple[str, bytes | str, int]"
    # Where, of a file the bytes and of a link the text, and the mode of a file.

    Placed: TypeAlias = "tuple[int, int, int, int] | tuple[()] | None"
    # Of a file its time, size, inode and mode, of a link nothing more; None for what could not be placed.


_HOLD = getattr(os, "O_PATH", None)
_AT_ONCE = 16  # so many are worth it to wake a thread
_THREADS = 8
_MOST = 16  # times as many wait for threads; more would be many open files


class Replaced:
    """Files whose places others have taken, held until threads close them. Close it."""

    def __init__(self) -> None:
        self._held: list[int] = []
        self._waiting: SimpleQueue[list[int]] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def hold(self, path: str) -> None:
        """Hold what is about to lose its name; on systems that can't it is let go of at once."""
        if _HOLD is None:
            return
        with contextlib.suppress(OSError):
            self._held.append(os.open(path, _HOLD | os.O_NOFOLLOW | os.O_CLOEXEC))
        if len(self._held) >= _AT_ONCE:
            self._pass_on()

    def close(self) -> None:
        """Wait until all are let go of."""
        self._pass_on()
        for _ in self._threads:
            self._waiting.put([])
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _pass_on(self) -> None:
        held, self._held = self._held, []
        if not held:
            return
        waiting = self._waiting.qsize()
        if waiting >= _MOST:
            _close(held)
            return
        if len(self._threads) <= min(waiting, _THREADS - 1):
            self._threads.append(threading.Thread(target=self._close_all, daemon=True))
            self._threads[-1].start()
        self._waiting.put(held)

    def _close_all(self) -> None:
        while held := self._waiting.get():
            _close(held)


def _close(descriptors: Iterable[int]) -> None:
    for one in descriptors:
        os.close(one)


def placed(rows: Iterable[Row], directory: str, replaced: Replaced) -> Iterator[Placed]:
    """Put each row in the place of whatever file or link is there."""
    beginning = f"{directory}/{os.getpid()}-{os.urandom(6).hex()}-"
    for number, (path, content, mode) in enumerate(rows):
        temporary = f"{beginning}{number}"
        answer: Placed = None
        try:
            if isinstance(content, str):
                _link(path, content, temporary, replaced)
                answer = ()
            else:
                found = _written(temporary, content, mode)
                replaced.hold(path)
                os.rename(temporary, path)
                answer = found
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        yield answer


def _link(path: str, text: str, temporary: str, replaced: Replaced) -> None:
    try:
        os.symlink(text, path)
    except FileExistsError:
        os.symlink(text, temporary)
        replaced.hold(path)
        os.rename(temporary, path)


def _written(temporary: str, data: bytes, mode: int) -> tuple[int, int, int, int]:
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        if os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, temporary)
        status = os.fstat(descriptor)
        if status.st_mode & 0o777 != mode:
            os.fchmod(descriptor, mode)
            status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)


def send(stream: IO[bytes], value: Any) -> None:
    """Raises OSError when nobody reads any more."""
    data = marshal.dumps(value)
    stream.write(len(data).to_bytes(8, "little") + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """The next value; None at the end."""
    beginning = stream.read(8)
    length = int.from_bytes(beginning, "little")
    data = stream.read(length) if len(beginning) == 8 else b""
    return marshal.loads(data) if data and len(data) == length else None


def main(directory: str, parent: int) -> None:
    """Answer until there is nothing more to read."""
    replaced = Replaced()
    while (rows := receive(sys.stdin.buffer)) is not None:
        send(sys.stdout.buffer, list(placed(_while_there_is(parent, rows), directory, replaced)))
    replaced.close()


def _while_there_is(parent: int, rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        if os.getppid() != parent:
            return
        yield row


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
