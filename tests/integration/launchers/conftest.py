"""A directory in which real launchers start a real interpreter, and what that interpreter saw."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from venvship.launchers.config import Argument, LauncherConfig, Variable
from venvship.launchers.template import finalise, template
from venvship.model.platform import Os, Platform

_EMULATOR = shutil.which("qemu-aarch64-static")
_HOST = Platform.parse(f"{sys.platform}_{platform.machine()}")
_SAY_WHAT_YOU_SEE = (
    "import json, os, sys; json.dump({'argv': sys.orig_argv, 'environment': dict(os.environ), 'prefix': sys.prefix}, "
    "sys.stdout)"
)
PYTHON = "_main/app/.venv/bin/python"
MAIN = "_main/app/main.py"


@dataclass(frozen=True, slots=True)
class Machine:
    """A platform whose programs can be executed here."""

    platform: Platform
    emulator: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What the started interpreter found."""

    argv: list[str]
    environment: dict[str, str]
    prefix: str


@dataclass(frozen=True, slots=True)
class Run:
    status: int
    output: str
    errors: str

    @property
    def seen(self) -> Seen:
        assert self.status == 0, self.errors
        return Seen(**json.loads(self.output))


@dataclass(frozen=True, slots=True)
class World:
    """Files below `root`, whose path has a space in it."""

    root: Path
    machine: Machine

    def write(self, path: str, content: str | bytes = "", *, mode: int = 0o644) -> str:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(mode)
        return str(file)

    def link(self, path: str, target: str) -> str:
        link = self.root / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
        return str(link)

    def path(self, path: str) -> str:
        return f"{self.root}/{path}"

    def interpreter(self, path: str) -> str:
        return self.link(path, os.path.realpath(sys.executable))

    def venv(self, path: str) -> str:
        """A virtualenv whose interpreter is a link, as ours are."""
        home = os.path.dirname(os.path.realpath(sys.executable))
        self.write(f"{path}/pyvenv.cfg", f"home = {home}\ninclude-system-site-packages = false\n")
        self.interpreter(f"{path}/bin/python")
        return self.path(path)

    def tree(self, path: str) -> str:
        """A runfiles tree with the virtualenv and main module that `command` needs."""
        self.venv(f"{path}/{os.path.dirname(os.path.dirname(PYTHON))}")
        self.write(f"{path}/{MAIN}", _SAY_WHAT_YOU_SEE)
        return self.path(path)

    def command(
        self, *arguments: str, environment: Sequence[Variable] = (), export_runfiles: bool = True
    ) -> LauncherConfig:
        """Start the main module with the interpreter of the virtualenv."""
        argv = [Argument.runfile(PYTHON), Argument("-I"), Argument.runfile(MAIN), *map(Argument, arguments)]
        return LauncherConfig(tuple(argv), tuple(environment), export_runfiles)

    def launcher(self, path: str, config: LauncherConfig | None = None) -> str:
        content = finalise(template(self.machine.platform), config or self.command())
        return self.write(path, content, mode=0o755)

    def run(
        self,
        program: str,
        *arguments: str | bytes,
        environment: Mapping[str, str] | Mapping[bytes, bytes] | None = None,
        cwd: str = "",
        argv0: str | None = None,
    ) -> Run:
        """Start `program` (a path for the kernel, seen from `cwd`) with exactly this environment."""
        command: list[str | bytes] = [argv0 or program, *arguments]
        executable: str = program
        if self.machine.emulator:
            executable = self.machine.emulator[0]
            command = [executable, "-0", argv0 or program, program, *arguments]
        done = subprocess.run(
            command,
            executable=executable,
            env=environment or {},
            cwd=self.root / cwd,
            capture_output=True,
            check=False,
            timeout=600,
        )
        return Run(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr))


def _machines() -> list[object]:
    machines: list[object] = [pytest.param(Machine(_HOST), id=str(_HOST))]
    emulated = Platform.parse("linux_aarch64")
    if _EMULATOR and _HOST.os is Os.LINUX and emulated != _HOST:
        machines.append(pytest.param(Machine(emulated, (_EMULATOR,)), id="linux_aarch64", marks=pytest.mark.peers))
    return machines


@pytest.fixture(params=_machines())
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    root = tmp_path.resolve() / "a world"
    root.mkdir()
    machine = Machine(_HOST) if request.param == "host" else request.param
    assert isinstance(machine, Machine)
    return World(root, machine)
