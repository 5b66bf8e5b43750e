"""Archives of relocatable CPythons (python-build-standalone): which there are, and which one a target takes."""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Iterable
from typing import Final

from venvship.dataclass import dataclass
from venvship.model.platform import Cpu, Libc, Os, Platform, PythonVersion

_LINE: Final = re.compile(
    r"(?P<sha256>[0-9a-f]{64})\s+\*?(?:(?P<release>\d{8})/)?(?P<file>cpython-(?P<version>3\.\d+\.\d+(?:[abrc]+\d+)?)\+"
    r"(?P<date>\d{8})-(?P<triple>[a-z0-9_]+-[a-z]+-[a-z]+(?:-(?:gnu|musl)[a-z]*)?)-(?P<free>freethreaded-)?"
    r"(?P<build>install_only(?:_stripped)?)\.tar\.gz)",
    re.ASCII,
)
CUSTOMARY_BASE: Final = "https://github.com/astral-sh/python-build-standalone/releases/download"
"""Where the paths of archives are found that nobody has mirrored."""


@dataclass(frozen=True, slots=True, order=True)
class RuntimeArchive:
    """One archive; `path` is what follows the base of the releases."""

    version: tuple[int, ...]
    date: str
    triple: str
    freethreaded: bool
    build: str
    path: str
    sha256: str

    @property
    def full_version(self) -> str:
        return ".".join(str(part) for part in self.version)

    @property
    def filename(self) -> str:
        return self.path.rpartition("/")[2]


def parse_archives(text: str, *, release: str = "") -> tuple[RuntimeArchive, ...]:
    """The archives that a table of checksums lists; other lines are passed over.

    `release` is the directory of the files where the table does not say it.
    """
    found = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        # Versions before the final release have no place in a version of numbers.
        if match is None or not match["version"].replace(".", "").isdigit():
            continue
        found.append(
            RuntimeArchive(
                tuple(int(part) for part in match["version"].split(".")),
                match["date"],
                match["triple"],
                match["free"] is not None,
                match["build"],
                f"{match['release'] or release or match['date']}/{match['file']}",
                match["sha256"],
            )
        )
    return tuple(found)


@functools.cache
def known_archives() -> tuple[RuntimeArchive, ...]:
    """The archives that come with the product."""
    return parse_archives(importlib.resources.files("venvship.interpreters").joinpath("runtimes.txt").read_text())


def triple_of(platform: Platform) -> str:
    """How archives call a platform."""
    cpu = {Cpu.X86_64: "x86_64", Cpu.AARCH64: "aarch64"}[platform.cpu]
    if platform.os is Os.MACOS:
        return f"{cpu}-apple-darwin"
    return f"{cpu}-unknown-linux-{'musl' if platform.libc is Libc.MUSL else 'gnu'}"


def choose_archive(
    archives: Iterable[RuntimeArchive], version: str, platform: Platform, *, build: str = "install_only"
) -> RuntimeArchive | None:
    """The newest archive of `3.12`, `3.12.4` or `3.13t` for a platform; None when there is none."""
    wanted = PythonVersion.parse(version)
    exact = tuple(int(part) for part in version.removesuffix("t").split("."))
    fitting = [
        archive
        for archive in archives
        if archive.version[: len(exact)] == exact
        and archive.triple == triple_of(platform)
        and archive.freethreaded == wanted.freethreaded
        and archive.build == build
    ]
    return max(fitting, default=None)
