"""Which wheels fit a platform and a Python, and which of two that fit is the better one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from packaging import tags as packaging_tags

from venvship.dataclass import dataclass
from venvship.model.platform import Cpu, Libc, Os, Platform, PythonVersion
from venvship.wheels.filename import WheelFilename

# The oldest glibc that a manylinux tag can name, by processor, and the names such tags had before PEP 600.
_OLDEST_GLIBC_MINOR = {Cpu.X86_64: 5, Cpu.AARCH64: 17}
_LEGACY_MANYLINUX = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_NEWEST_MINOR = 200


@dataclass(frozen=True, slots=True)
class SupportedTags:
    """All tags that a (platform, Python) pair accepts, each with its rank; rank 0 is the best."""

    platform: Platform
    python: PythonVersion
    ranks: Mapping[tuple[str, str, str], int]
    platforms: frozenset[str]

    def rank(self, filename: WheelFilename) -> int | None:
        """The best rank among the wheel's tags, or None when it does not fit."""
        found = [rank for tag in filename.tags() if (rank := self.ranks.get(tag)) is not None]
        return min(found, default=None)

    def refusal(self, filename: WheelFilename) -> str:
        """Why a wheel does not fit, for a reader; only meaningful when `rank` is None."""
        platforms = [name for name in filename.platforms if name == "any" or name in self.platforms]
        if not platforms:
            return self._platform_refusal(filename)
        interpreter = f"cp{self.python.soabi_tag}"
        if not any(tag[0] in filename.pythons for tag in self.ranks):
            return f"is built for Python {'.'.join(filename.pythons)}, the target is {interpreter}"
        return (
            f"is built for Python {'.'.join(filename.pythons)} with ABI {'.'.join(filename.abis)}, "
            f"the target is {interpreter}"
        )

    def _platform_refusal(self, filename: WheelFilename) -> str:
        wanted = ".".join(filename.platforms)
        major, minor = self.platform.libc_version
        match self.platform.libc:
            case Libc.GLIBC:
                return f"is built for {wanted}, the target is {self.platform} with glibc {major}.{minor}"
            case Libc.MUSL:
                return f"is built for {wanted}, the target is {self.platform} with musl {major}.{minor}"
            case Libc.LIBSYSTEM:
                return f"is built for {wanted}, the target is {self.platform} with macOS {major}.{minor}"


@lru_cache(maxsize=64)
def supported_tags(platform: Platform, python: PythonVersion) -> SupportedTags:
    """The tags of CPython `python` on `platform`, in the order in which installers prefer them."""
    version = (python.major, python.minor)
    abi = f"cp{python.soabi_tag}"
    interpreter = f"cp{python.major}{python.minor}"
    platforms = list(_platform_tags(platform))
    ranks: dict[tuple[str, str, str], int] = {}
    for tag in packaging_tags.cpython_tags(version, [abi], platforms):
        ranks.setdefault((tag.interpreter, tag.abi, tag.platform), len(ranks))
    for tag in packaging_tags.compatible_tags(version, interpreter, platforms):
        ranks.setdefault((tag.interpreter, tag.abi, tag.platform), len(ranks))
    return SupportedTags(platform, python, ranks, frozenset(platforms))


def _platform_tags(platform: Platform) -> Iterator[str]:
    cpu = platform.cpu.value
    if platform.os is Os.MACOS:
        machine = "arm64" if platform.cpu is Cpu.AARCH64 else cpu
        yield from packaging_tags.mac_platforms(platform.libc_version, machine)
        return
    major, minor = platform.libc_version
    if platform.libc is Libc.MUSL:
        yield from (f"musllinux_{major}_{m}_{cpu}" for m in range(min(minor, _NEWEST_MINOR), -1, -1))
    else:
        for m in range(min(minor, _NEWEST_MINOR), _OLDEST_GLIBC_MINOR[platform.cpu] - 1, -1):
            yield f"manylinux_{major}_{m}_{cpu}"
            if m in _LEGACY_MANYLINUX:
                yield f"{_LEGACY_MANYLINUX[m]}_{cpu}"
    yield f"linux_{cpu}"
