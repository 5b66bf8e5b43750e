"""What this machine is: processors, platform, user."""

from __future__ import annotations

import os
import platform
import subprocess
from typing import NamedTuple

from venvship.errors import EnvironmentProblem

SYSTEM = os.uname().sysname
"""The name of the operating system's kernel: `Linux` or `Darwin`."""


class UnsupportedMachine(EnvironmentProblem):
    """Nothing is built on this operating system or processor."""

    def __init__(self, system: str, machine: str) -> None:
        super().__init__(f"`{system}` on `{machine}` is not supported; use linux or macOS on x86_64 or aarch64")


def cpu_count() -> int:
    """How many processors this process may use."""
    if SYSTEM == "Linux":
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)


def memory_size() -> int:
    """How many bytes of memory this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def user_name() -> str:
    """The login name, from the environment or the user database; `user` when neither knows."""
    for variable in ("USER", "LOGNAME"):
        if name := os.environ.get(variable):
            return name
    import pwd  # Loaded by need: the environment answers on ordinary machines.

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "user"


class Machine(NamedTuple):
    """System (`linux`, `macos`), processor (`x86_64`, `aarch64`), C library and its version.

    The library is `glibc` or `musl` on linux; on macOS it is `libsystem`, with the version of the system.
    """

    system: str
    processor: str
    libc: str
    libc_version: tuple[int, int]


def this_machine() -> Machine:
    """Describe the machine that runs this process; raises UnsupportedMachine."""
    name = platform.machine().lower()
    processor = {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)
    if processor not in ("x86_64", "aarch64") or SYSTEM not in ("Linux", "Darwin"):
        raise UnsupportedMachine(SYSTEM, name)
    if SYSTEM == "Darwin":
        return Machine("macos", processor, "libsystem", _two_numbers(platform.mac_ver()[0]))
    try:
        libc, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (ValueError, OSError):
        libc, version = "", ""
    if libc == "glibc":
        return Machine("linux", processor, libc, _two_numbers(version))
    return Machine("linux", processor, "musl", _musl_version(processor))


def _two_numbers(text: str) -> tuple[int, int]:
    parts = [int(part) for part in text.split(".")[:2] if part.isdigit()]
    return (parts[0], parts[1] if len(parts) > 1 else 0) if parts else (0, 0)


def _musl_version(processor: str) -> tuple[int, int]:
    """Ask the loader of musl, which says its version when it is run without arguments."""
    loader = f"/lib/ld-musl-{processor}.so.1"
    if not os.path.exists(loader):
        return (0, 0)
    text = subprocess.run([loader], capture_output=True, text=True, check=False).stderr
    for line in text.splitlines():
        name, _, version = line.partition(" ")
        if name == "Version":
            return _two_numbers(version)
    return (0, 0)
