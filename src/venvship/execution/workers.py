"""Warm processes that run our tools, so that no action pays for the start of an interpreter.

A worker is a Python process with `tools/worker.py` in it; it runs one tool at a time and stays for the next one.
There is a set of workers for each interpreter, never larger than the number of threads that ask.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from venvship.dataclass import dataclass
from venvship.errors import InternalError
from venvship.host.files import remove
from venvship.host.processes import Children, kill_group
from venvship.tools import worker as worker_program

_LOG_TAIL = 1 << 16
_ENDING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered, and what it printed."""

    result: Mapping[str, Any]
    output: str


class ToolFailed(Exception):
    """A tool raised an exception, or its process ended. `trace` is empty when the mistake is the user's."""

    def __init__(self, message: str, *, trace: str, output: str) -> None:
        super().__init__(message)
        self.message = message
        self.trace = trace
        self.output = output


class ToolInterrupted(Exception):
    """The command is being interrupted; the tool did not finish."""


class _Worker:
    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log
        self._read = 0

    def new_output(self) -> str:
        """What was printed since the last call; the beginning is left out when it is very long."""
        with open(self.log, "rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._read, end - _LOG_TAIL))
            text = file.read().decode(errors="replace")
        self._read = end
        return text


class WorkerPool:
    """Runs tools in workers; used from several threads, closed at the end of the command.

    `packages` maps names of packages to their directories; tools find those that their interpreter can load.
    `user_environment` is lent to the tools that ask for it, for one request; the others see none of it. The tools are
    those that lie beside `program`.
    """

    def __init__(
        self,
        children: Children,
        temporary: Path,
        *,
        packages: Mapping[str, Path] | None = None,
        user_environment: Mapping[str, str] | None = None,
        program: Path = Path(worker_program.__file__),
    ) -> None:
        self._children = children
        self._temporary = temporary
        self._packages = dict(packages or {})
        self._user_environment = dict(user_environment or {})
        self._program = program
        self._lock = threading.Lock()
        self._idle: dict[str, list[_Worker]] = {}
        self._every: list[_Worker] = []

    def run(
        self,
        tool: str,
        request: Mapping[str, Any],
        *,
        interpreter: str | None = None,
        user_environment: bool = False,
    ) -> ToolResult:
        """Run a tool under `interpreter`, or under our own; raises ToolFailed and ToolInterrupted."""
        program = interpreter or sys.executable
        worker = self._take(program)
        message: dict[str, Any] = {"tool": tool, "request": request}
        if user_environment:
            message["environment"] = self._user_environment
        line = json.dumps(message).encode() + b"\n"
        answer = b""
        assert worker.process.stdin is not None and worker.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            worker.process.stdin.write(line)
            worker.process.stdin.flush()
            answer = worker.process.stdout.readline()
        if not answer.endswith(b"\n"):
            # Its stdout is closed, so it is ending; its exit code says how.
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(_ENDING_SECONDS)
            self._discard(worker)
            if self._children.stopped:
                raise ToolInterrupted
            raise ToolFailed(
                f"the process of the tool `{tool}` ended with code {worker.process.returncode}",
                trace="",
                output=worker.new_output(),
            )
        output = worker.new_output()
        with self._lock:
            self._idle.setdefault(program, []).append(worker)
        document = json.loads(answer)
        if "error" in document:
            error = document["error"]
            if error["user_error"]:
                raise ToolFailed(str(error["message"]), trace="", output=output)
            text = f"{error['type']}: {error['message']}" if error["message"] else str(error["type"])
            raise ToolFailed(text, trace=str(error["traceback"]), output=output)
        if not isinstance(document["result"], dict):
            raise InternalError(f"the tool `{tool}` answered with something other than an object")
        return ToolResult(document["result"], output)

    def close(self) -> None:
        """End all workers; those that are still at work are killed."""
        with self._lock:
            workers, self._every = self._every, []
            self._idle.clear()
        for worker in workers:
            self._end(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, program: str) -> _Worker:
        with self._lock:
            idle = self._idle.get(program, [])
            while idle:
                worker = idle.pop()
                if worker.process.poll() is None:
                    return worker
        packages = [f"{name}={path}" for name, path in sorted(self._packages.items())]
        argv = [program, "-I", "-S", "-B", os.path.abspath(self._program), *packages]
        self._temporary.mkdir(parents=True, exist_ok=True)
        log = self._temporary / f"worker-{os.getpid()}-{os.urandom(6).hex()}.log"
        with open(log, "ab") as file:
            process = self._children.start(
                argv,
                cwd=self._temporary,
                environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file.fileno(),
            )
        if process is None:
            remove(log)
            raise ToolInterrupted
        worker = _Worker(process, log)
        with self._lock:
            self._every.append(worker)
        return worker

    def _discard(self, worker: _Worker) -> None:
        with self._lock:
            if worker in self._every:
                self._every.remove(worker)
        # Its output is wanted, so the log goes with the temporary directory.
        self._stop(worker)

    def _end(self, worker: _Worker) -> None:
        self._stop(worker)
        remove(worker.log)

    def _stop(self, worker: _Worker) -> None:
        if worker.process.poll() is None:
            kill_group(worker.process)
            worker.process.wait()
        for stream in (worker.process.stdin, worker.process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._children.forget(worker.process)


def accelerators() -> dict[str, Path]:
    """Packages that make tools faster, or let them read more, where they are installed."""
    found = {}
    for name in ("isal", "backports.zstd"):
        with contextlib.suppress(ImportError):
            found[name] = Path(str(importlib.import_module(name).__file__)).parent
    return found
