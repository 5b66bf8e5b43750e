"""Child processes: each leads a process group of its own and never outlives the wish for it."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem
from venvship.host.machine import SYSTEM
from venvship.host.scripts import SH

# A busy machine may take a while to end what was killed. Elsewhere zombies, which stay, can't be told apart.
_STRAYS_SECONDS = 10.0 if SYSTEM == "Linux" else 0.25


class ProgramNotStarted(EnvironmentProblem):
    """The system refused to start a program."""

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"can't start `{program}`: {reason}")
        self.program = program
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Finished:
    """How a process ended. `exit_code` is 128 + the signal's number for one that a signal ended."""

    exit_code: int
    timed_out: bool
    interrupted: bool
    seconds: float


class Children:
    """The process groups that are running now, so that an interrupt ends them all.

    A group that is asked to end has `grace_seconds` for it. Once `kill_all` was called nothing new starts: `run` then
    reports an interrupted process.
    """

    def __init__(self, *, grace_seconds: float = 5.0) -> None:
        self._grace_seconds = grace_seconds
        self._lock = threading.Lock()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._stopped = False

    def start(
        self,
        argv: Sequence[str],
        *,
        cwd: str | Path,
        environment: Mapping[str, str],
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes] | None:
        """Start a process that the caller waits for and then gives to `forget`; None after `kill_all`."""

        def open_process(words: Sequence[str]) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                words,
                cwd=cwd,
                env=dict(environment),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                process_group=0,
            )

        with self._lock:
            if self._stopped:
                return None
            try:
                try:
                    process = open_process(argv)
                except OSError as error:
                    if error.errno != errno.ENOEXEC:
                        raise
                    process = open_process((SH, *argv))
            except (OSError, ValueError) as error:
                reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
                raise ProgramNotStarted(argv[0], reason) from error
            self._running[process.pid] = process
            return process

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._running.pop(process.pid, None)

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str | Path,
        environment: Mapping[str, str],
        output: Path,
        timeout: float | None = None,
    ) -> Finished:
        """Run a program to its end with stdin empty, and stdout and stderr together in the new file `output`.

        After `timeout` seconds its group gets SIGTERM, then SIGKILL. What it leaves running is killed.
        """
        begin = time.monotonic()
        with open(output, "ab") as log:
            process = self.start(argv, cwd=cwd, environment=environment, stdout=log.fileno(), stderr=log.fileno())
        if process is None:
            return Finished(128 + signal.SIGTERM, False, True, 0.0)
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            _signal_group(process, signal.SIGTERM)
            if not ended.wait(self._grace_seconds):
                kill_group(process)

        ended = threading.Event()
        timer = threading.Timer(timeout, expire) if timeout is not None else None
        try:
            if timer is not None:
                timer.daemon = True
                timer.start()
            _await_end(process)
        finally:
            # Before the process is reaped: its group then can't be anybody else's.
            kill_group(process)
            ended.set()
            if timer is not None:
                timer.cancel()
                timer.join()
            process.wait()
            _await_group_end(process)
            self.forget(process)
        timed_out = expired.is_set()
        code = process.returncode
        return Finished(code if code >= 0 else 128 - code, timed_out, self._stopped, time.monotonic() - begin)

    def kill_all(self) -> None:
        """End every group, kindly and then not, and let nothing start afterwards."""
        with self._lock:
            self._stopped = True
            running = list(self._running.values())
        for process in running:
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + self._grace_seconds
        for process in running:
            # Whoever started the process waits for it and forgets it; this only watches.
            while self._is_running(process) and time.monotonic() < deadline:
                time.sleep(0.01)
        for process in running:
            if self._is_running(process):
                kill_group(process)

    def _is_running(self, process: subprocess.Popen[bytes]) -> bool:
        with self._lock:
            return process.pid in self._running

    @property
    def stopped(self) -> bool:
        return self._stopped


def _await_end(process: subprocess.Popen[bytes]) -> None:
    """Wait until `process` ends, leaving it unreaped where the system can."""
    if SYSTEM == "Linux":
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()


def _await_group_end(process: subprocess.Popen[bytes]) -> None:
    """Give killed strays the moment they need to be gone, so that they write nothing any more."""
    try:
        os.killpg(process.pid, 0)
    except (ProcessLookupError, PermissionError):
        return
    deadline = time.monotonic() + _STRAYS_SECONDS
    while _group_lives(process.pid) and time.monotonic() < deadline:
        time.sleep(0.001)


def _group_lives(group: int) -> bool:
    """Whether a process of the group is more than a zombie, which stays for ever where nobody reaps orphans."""
    if SYSTEM != "Linux":
        return True
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The name of the program stands in brackets and may hold anything.
                    state, _, leader = file.read().rpartition(b")")[2].split()[:3]
                if int(leader) == group and state not in (b"Z", b"X"):
                    return True
    return False


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the group of `process`, which may have ended itself."""
    _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # macOS says EPERM for a group of zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
