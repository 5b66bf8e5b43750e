"""The machine that a build is for, as a value; `sys.platform` is asked in `host` only."""

from __future__ import annotations

import enum
from typing import Self

from venvship.dataclass import dataclass


class Os(enum.Enum):
    LINUX = "linux"
    MACOS = "macos"


class Cpu(enum.Enum):
    X86_64 = "x86_64"
    AARCH64 = "aarch64"


class Libc(enum.Enum):
    GLIBC = "glibc"
    MUSL = "musl"
    LIBSYSTEM = "libsystem"


@dataclass(frozen=True, slots=True)
class Platform:
    """Operating system, processor and C library that programs are built for.

    `libc_version` is (major, minor) of the C library on linux and of the system on macOS: a wheel whose tag asks
    for a newer one does not fit.
    """

    os: Os
    cpu: Cpu
    libc: Libc
    libc_version: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.os.value}_{self.cpu.value}"

    @property
    def oci_architecture(self) -> str:
        return {Cpu.X86_64: "amd64", Cpu.AARCH64: "arm64"}[self.cpu]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `linux_x86_64` or `macos-aarch64` (`amd64` and `arm64` too), with a customary C library version.

        Raises ValueError for a system or processor that is not built for.
        """
        system, _, machine = text.lower().replace("-", "_").partition("_")
        os = Os({"darwin": "macos"}.get(system, system))
        cpu = Cpu({"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine))
        if os is Os.LINUX:
            return cls(os, cpu, Libc.GLIBC, (2, 36))
        return cls(os, cpu, Libc.LIBSYSTEM, (11, 0) if cpu is Cpu.AARCH64 else (10, 13))


@dataclass(frozen=True, slots=True, order=True)
class PythonVersion:
    """Major and minor version of CPython, and whether it is the free-threaded build."""

    major: int
    minor: int
    freethreaded: bool = False

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @property
    def directory(self) -> str:
        """The name below `lib/`: `python3.12`, `python3.13t`."""
        return f"python{self}{'t' if self.freethreaded else ''}"

    @property
    def soabi_tag(self) -> str:
        """The tag of wheels without the implementation: `312`, `313t`."""
        return f"{self.major}{self.minor}{'t' if self.freethreaded else ''}"

    @property
    def bytecode_tag(self) -> str:
        """`sys.implementation.cache_tag`, the same for both builds of a version: `cpython-313`."""
        return f"cpython-{self.major}{self.minor}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `3.12`, `3.12.4` or `3.13t`; raises ValueError for anything else."""
        plain = text.removesuffix("t")
        parts = plain.split(".")
        if len(parts) not in (2, 3) or not all(p.isascii() and p.isdigit() for p in parts):
            raise ValueError(f"not a Python version: {text!r}")
        return cls(int(parts[0]), int(parts[1]), plain != text)
