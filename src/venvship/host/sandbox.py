"""Confinement of a program by the system: what it may write, and whether it sees the network.

Each way of confining that this machine may allow is tried once with a program that does nothing. Where none works
programs run unconfined; they still run in a directory that holds nothing but their declared inputs.
"""

from __future__ import annotations

import enum
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from venvship.dataclass import dataclass
from venvship.host import namespaces
from venvship.host.machine import SYSTEM

_SYSTEM_TEMPORARY = "/tmp"
# It has a file system of memory that anybody may write, which holds states and workspaces of those who like it fast.
_DEVICES = "/dev"
_PROBE_SECONDS = 60.0


class Isolation(enum.Enum):
    BUBBLEWRAP = "bubblewrap"  # user, mount, pid and network namespaces through `bwrap`
    NAMESPACES = "namespaces"  # the same through `namespaces.py`, which takes a Python start
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a program may touch.

    `writable` are directories it may write; everything else can only be read. `temporary` is shown as `/tmp`, where
    `visible` (state and workspace, when they lie below `/tmp` or `/dev`) stays in place.
    """

    writable: tuple[str, ...]
    temporary: str
    visible: tuple[str, ...] = ()
    network: bool = False


@functools.cache
def isolation() -> Isolation:
    """The best way of confining that works on this machine."""
    return next((way for way in (Isolation.BUBBLEWRAP, Isolation.NAMESPACES) if works(way)), Isolation.NONE)


def no_isolation() -> Isolation:
    """For those who want no confinement, in the place of `isolation`."""
    return Isolation.NONE


def works(way: Isolation) -> bool:
    """Whether this machine allows a way of confining; tried with a program that does nothing."""
    if way is Isolation.NONE:
        return True
    if SYSTEM != "Linux" or (way is Isolation.BUBBLEWRAP and shutil.which("bwrap") is None):
        return False
    with tempfile.TemporaryDirectory() as directory:
        argv = confined(["/bin/sh", "-c", ":"], Confinement((), directory), cwd="/", way=way)
        try:
            done = subprocess.run(argv, capture_output=True, timeout=_PROBE_SECONDS, check=False, env={})
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0


def confined(argv: Sequence[str], confinement: Confinement, *, cwd: str, way: Isolation) -> tuple[str, ...]:
    """The command that runs `argv` in the directory `cwd`, confined in the given way."""
    match way:
        case Isolation.BUBBLEWRAP:
            return (shutil.which("bwrap") or "bwrap", *_bubblewrap_arguments(confinement, cwd), *argv)
        case Isolation.NAMESPACES:
            settings = {
                "writable": [os.path.realpath(path) for path in confinement.writable],
                "visible": [os.path.realpath(path) for path in confinement.visible],
                "temporary": confinement.temporary,
                "network": confinement.network,
                "cwd": cwd,
            }
            return (sys.executable, "-I", "-S", "-B", namespaces.__file__, json.dumps(settings), *argv)
        case Isolation.NONE:
            return tuple(argv)


def _bubblewrap_arguments(confinement: Confinement, cwd: str) -> list[str]:
    arguments = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    arguments += ["--unshare-pid", "--unshare-ipc", "--die-with-parent"]
    if not confinement.network:
        arguments.append("--unshare-net")
    arguments += ["--bind", confinement.temporary, _SYSTEM_TEMPORARY]
    for path in confinement.visible:
        if _is_below(path, _SYSTEM_TEMPORARY) or _is_below(path, _DEVICES):
            arguments += ["--ro-bind", path, path]
    for path in confinement.writable:
        arguments += ["--bind", path, path]
    return [*arguments, "--chdir", cwd, "--"]


def _is_below(path: str, directory: str) -> bool:
    real = os.path.realpath(path)
    return real == directory or real.startswith(directory + "/")
