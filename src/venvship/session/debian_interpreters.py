"""CPythons of Debian packages that a lock names: for machines that this one is not, and for versions that it lacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from venvship.dataclass import dataclass
from venvship.model.platform import Libc, Os, Platform, PythonVersion

if TYPE_CHECKING:
    from venvship.repos.debian_archive import ArchivePackage
    from venvship.repos.web_files import CheckedFile
    from venvship.session.debian_locks import LockedPython

_RELEASE: Final = re.compile(r"3\.[0-9]+\.[0-9]+")


@dataclass(frozen=True, slots=True)
class DebianInterpreter:
    """One CPython: `3.11.2` for `amd64`, and the packages that hold it."""

    full_version: str
    architecture: str
    packages: tuple[ArchivePackage, ...]
    mirrors: tuple[str, ...]

    @property
    def identity(self) -> str:
        return " ".join(package.sha256 for package in self.packages)


class DebianInterpreters:
    """Looks for a CPython in the locks of a workspace; they are read when the first is looked for."""

    def __init__(
        self, locked: Callable[[], Iterable[LockedPython]], fetch: Callable[[Sequence[CheckedFile]], Sequence[Path]]
    ) -> None:
        self._locked = locked
        self._fetch = fetch

    def find(self, version: str, platform: Platform) -> DebianInterpreter | None:
        """The one for `3.11` or `3.11.2`, if a lock names it for the platform."""
        if (platform.os, platform.libc) != (Os.LINUX, Libc.GLIBC):
            return None
        for one in self._locked():
            found = _interpreter(one, platform.oci_architecture)
            if found is not None and f"{found.full_version}.".startswith(f"{version}."):
                return found
        return None

    def fetch(self, found: DebianInterpreter) -> Sequence[Path]:
        """The files of its packages."""
        from venvship.repos.debian_packages import package_file

        return self._fetch([package_file(found.mirrors, package.path, package.sha256) for package in found.packages])


def _interpreter(locked: LockedPython, architecture: str) -> DebianInterpreter | None:
    from venvship.repos.debian_lock import python_packages

    by_name = {package.name: package for package in locked.lock.packages.get(architecture, ())}
    packages = tuple(by_name[name] for name in python_packages(locked.version) if name in by_name)
    release = _RELEASE.match(packages[0].version) if packages else None
    if release is None or PythonVersion.parse(release[0]) != PythonVersion.parse(locked.version):
        return None
    return DebianInterpreter(release[0], architecture, packages, locked.mirrors)
