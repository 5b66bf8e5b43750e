"""Puts small files and links in their places, and lets another process do so when there are many.

To make a file costs the kernel as much time as we take for all that goes before. A thread would have to wait for the
interpreter lock after each call, so it is a process.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Generic, TypeVar

from venvship.errors import VenvshipError
from venvship.execution.exec_root import ExecRoot
from venvship.execution.making import Placement, place
from venvship.execution.output_state import Trace, trace_of
from venvship.host import placements
from venvship.host.machine import cpu_count
from venvship.host.processes import Children, ProgramNotStarted, kill_group

if TYPE_CHECKING:
    from venvship.host.placements import Placed

_BATCH = 128
_FEW = 2 * _BATCH  # so many are placed before a process is worth its start
_UNDER_WAY = 2  # answers to so many batches fit into a pipe: neither side waits for the other one to read

T = TypeVar("T")


class Placer(Generic[T]):
    """Places what it is given, in batches. Of each it tells, by its ticket, the trace or what went wrong.

    Directories above must be there. Close it: what was not placed then will not be.
    """

    def __init__(self, exec_root: ExecRoot, children: Children, *, alone: bool = False) -> None:
        """Without another process if `alone`, or where there is but one processor."""
        self._exec_root = exec_root
        self._children = children
        self._alone = alone or cpu_count() == 1
        self._waiting: list[tuple[T, Placement]] = []
        self._sent: list[list[tuple[T, Placement]]] = []
        self._arrived: list[tuple[T, Placement, Trace | VenvshipError]] = []
        self._placed_here = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._replaced = placements.Replaced()

    @property
    def is_busy(self) -> bool:
        """Whether something was given to it of which it has not told."""
        return bool(self._waiting or self._sent or self._arrived)

    def add(self, ticket: T, placement: Placement) -> None:
        self._waiting.append((ticket, placement))
        if len(self._waiting) >= _BATCH:
            self._pass_on()

    def arrived(self) -> list[tuple[T, Placement, Trace | VenvshipError]]:
        """What it has not told before."""
        found, self._arrived = self._arrived, []
        return found

    def finish(self) -> None:
        """Place everything now."""
        if self._waiting:
            self._pass_on()
        while self._sent:
            self._receive()

    def close(self) -> None:
        self._replaced.close()
        process = self._process
        if process is None:
            return
        self._process = None
        if self._sent:
            kill_group(process)
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                _open(stream).close()
        process.wait()
        self._children.forget(process)

    def _pass_on(self) -> None:
        batch, self._waiting = self._waiting, []
        rows = [(self._exec_root.output_path(one.path), one.content, one.mode) for _, one in batch]
        process = self._process or self._started()
        if process is None:
            self._placed_here += len(batch)
            self._take(batch, list(placements.placed(rows, self._exec_root.temporary, self._replaced)))
            return
        while len(self._sent) >= _UNDER_WAY:
            self._receive()
        self._sent.append(batch)
        # Who does not listen any more does not answer either, which is noticed there.
        with contextlib.suppress(OSError):
            placements.send(_open(process.stdin), rows)

    def _started(self) -> subprocess.Popen[bytes] | None:
        if self._alone or self._placed_here < _FEW:
            return None
        argv = [sys.executable, "-I", "-S", "-B", os.path.abspath(placements.__file__)]
        with contextlib.suppress(ProgramNotStarted):
            self._process = self._children.start(
                [*argv, self._exec_root.temporary, str(os.getpid())],
                cwd=self._exec_root.temporary,
                environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        self._alone = self._process is None
        return self._process

    def _receive(self) -> None:
        batch = self._sent.pop(0)
        answers: list[Placed] = []
        if self._process is not None:
            with contextlib.suppress(OSError, ValueError, EOFError):
                answers = placements.receive(_open(self._process.stdout)) or []
        self._take(batch, [*answers, *[None] * (len(batch) - len(answers))])

    def _take(self, batch: list[tuple[T, Placement]], answers: list[Placed]) -> None:
        for (ticket, placement), answer in zip(batch, answers, strict=True):
            if answer is not None and isinstance(placement.content, str):
                self._arrived.append((ticket, placement, placement.content))
            elif answer:
                self._arrived.append((ticket, placement, answer))
            else:
                self._arrived.append((ticket, placement, self._with_care(placement)))

    def _with_care(self, placement: Placement) -> Trace | VenvshipError:
        try:
            place(placement, self._exec_root)
        except VenvshipError as error:
            return error
        return trace_of(self._exec_root.output_path(placement.path)) or ""


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
