"""Confinement of a program by the system: what it may write, and whether it sees the network.

Each way of confining that this machine may allow is tried once with a program that does nothing. Where none works
programs run unconfined; they still run in a directory that holds nothing but their declared inputs.
"""

from __future__ import annotations

import enum
import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from venvship.host.machine import SYSTEM

_SYSTEM_TEMPORARY = "/tmp"
_PROBE_SECONDS = 10.0


class Isolation(enum.Enum):
    BUBBLEWRAP = "bubblewrap"  # user, mount, pid and network namespaces through `bwrap`
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a program may touch.

    `writable` are directories it may write; everything else can only be read. `temporary` is shown as `/tmp`, where
    `visible` (state and workspace, when they lie below `/tmp`) stays in place.
    """

    writable: tuple[str, ...]
    temporary: str
    visible: tuple[str, ...] = ()
    network: bool = False


@functools.cache
def isolation() -> Isolation:
    """The best way of confining that works on this machine."""
    if SYSTEM == "Linux" and (program := shutil.which("bwrap")) is not None:
        probe = Confinement(writable=(), temporary="/var")
        argv = [program, *_bubblewrap_arguments(probe, "/"), "/bin/true"]
        try:
            done = subprocess.run(argv, capture_output=True, timeout=_PROBE_SECONDS, check=False, env={})
        except (OSError, subprocess.TimeoutExpired):
            return Isolation.NONE
        if done.returncode == 0:
            return Isolation.BUBBLEWRAP
    return Isolation.NONE


def confined(argv: Sequence[str], confinement: Confinement, *, cwd: str, way: Isolation) -> tuple[str, ...]:
    """The command that runs `argv` in the directory `cwd`, confined in the given way."""
    match way:
        case Isolation.BUBBLEWRAP:
            return (shutil.which("bwrap") or "bwrap", *_bubblewrap_arguments(confinement, cwd), *argv)
        case Isolation.NONE:
            return tuple(argv)


def _bubblewrap_arguments(confinement: Confinement, cwd: str) -> list[str]:
    arguments = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    arguments += ["--unshare-pid", "--unshare-ipc", "--die-with-parent"]
    if not confinement.network:
        arguments.append("--unshare-net")
    arguments += ["--bind", confinement.temporary, _SYSTEM_TEMPORARY]
    for path in confinement.visible:
        if _is_below(path, _SYSTEM_TEMPORARY):
            arguments += ["--ro-bind", path, path]
    for path in confinement.writable:
        arguments += ["--bind", path, path]
    return [*arguments, "--chdir", cwd, "--"]


def _is_below(path: str, directory: str) -> bool:
    real = os.path.realpath(path)
    return real == directory or real.startswith(directory + "/")
