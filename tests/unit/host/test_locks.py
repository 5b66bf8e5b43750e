from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType

import pytest

from venvship.host.files import NotWritable
from venvship.host.locks import FileLock, LockHeld

HOLDER = """
import sys, time
from pathlib import Path
from venvship.host.files import NotWritable
from venvship.host.locks import FileLock
with FileLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(1000)
"""


def test_a_lock_held_elsewhere_names_its_owner_and_dies_with_it(tmp_path: Path) -> None:
    path = tmp_path / "dir" / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(LockHeld) as caught:
            FileLock(path).try_acquire()
        assert caught.value.pid == holder.pid
        assert f"pid {holder.pid}" in str(caught.value)
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        if holder.stdout is not None:
            holder.stdout.close()
    with FileLock(path) as lock:
        assert path.read_text() == f"{os.getpid()}\n"
        with pytest.raises(LockHeld):
            FileLock(path).try_acquire()
        lock.release()
        again = FileLock(path)
        again.try_acquire()
        again.release()


def test_who_waits_has_the_lock_when_it_is_let_go_of(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first, second = FileLock(path), FileLock(path)
    first.acquire()
    waiting = threading.Thread(target=second.acquire, daemon=True)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    first.release()
    waiting.join()
    with pytest.raises(LockHeld):
        FileLock(path).try_acquire()
    second.release()


def interrupt_the_wait(_: int, frame: FrameType | None) -> None:
    """Come again and again, since a signal may be too early for the wait, and interrupt nothing but that, once."""
    while frame is not None and frame.f_code is not FileLock.acquire.__code__:
        frame = frame.f_back
    if frame is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise KeyboardInterrupt


def test_an_interrupt_ends_the_wait_and_leaves_the_lock_to_its_owner(tmp_path: Path, without_collections: None) -> None:
    path = tmp_path / "lock"
    with FileLock(path):
        before = signal.signal(signal.SIGALRM, interrupt_the_wait)
        signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
        try:
            with pytest.raises(KeyboardInterrupt):
                FileLock(path).acquire()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert path.read_text() == f"{os.getpid()}\n"
        with pytest.raises(LockHeld):
            FileLock(path).try_acquire()


@pytest.mark.skipif(not Path("/sys").is_dir(), reason="needs a directory in which nobody makes one")
def test_a_place_where_no_lock_can_be_made_is_said_in_words() -> None:
    with pytest.raises(NotWritable, match="can't write `/sys/venvship/lock`"):
        FileLock(Path("/sys/venvship/lock")).acquire()
