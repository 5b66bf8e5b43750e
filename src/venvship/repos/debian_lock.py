"""Locks of Debian packages: which versions, by hash, for each architecture. Nothing in them names a host."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Final

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.repos.debian_archive import ArchivePackage, DebianArchive, Signers
from venvship.repos.debian_version import version_key

DEFAULT_PACKAGES: Final = (
    "base-files", "ca-certificates", "libbz2-1.0", "libc6", "libcrypt1", "libdb5.3t64 | libdb5.3", "libexpat1",
    "libffi8", "libgcc-s1", "liblzma5", "libncursesw6", "libreadline8t64 | libreadline8", "libsqlite3-0",
    "libssl3t64 | libssl3", "libstdc++6", "libtinfo6", "libuuid1", "media-types", "netbase", "readline-common",
    "tzdata", "zlib1g",
)  # fmt: skip
"""What a CPython of the same release needs, with certificates, time zones and names of services."""

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+\Z")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]*\Z")
_VERSION = 1


class BadRequest(UserError):
    """What shall be locked is not said as it can be."""


class AbsentPackages(UserError):
    """Packages that no archive has."""

    def __init__(self, names: Iterable[str], suites: Sequence[str], mirrors: Sequence[str]) -> None:
        lines = "".join(f"\n  {name}" for name in sorted(names))
        super().__init__(
            f"no archive has these packages in {', '.join(suites)}:{lines}",
            hint="look at their names, which differ from release to release; `a | b` takes the first that there is",
        )


class UnreadableLock(UserError):
    """A file that should be a lock of Debian packages."""

    def __init__(self, shown: str, reason: str) -> None:
        super().__init__(f"`{shown}` is no lock of Debian packages: {reason}", hint="make it with `venvship lock`")


@dataclass(frozen=True, slots=True)
class DebianRequest:
    """What is asked for: `a | b` among `packages` takes the first that an archive has."""

    suites: tuple[str, ...]
    packages: tuple[str, ...] = DEFAULT_PACKAGES
    architectures: tuple[str, ...] = ("amd64", "arm64")
    component: str = "main"

    def __post_init__(self) -> None:
        for what, words in (("suites", self.suites), ("architectures", self.architectures)):
            if not words:
                raise BadRequest(f"`{what}` is empty", hint='for example suites = ["bookworm", "bookworm-security"]')
            for word in words:
                if not _WORD.match(word) or ".." in word.split("/"):
                    raise BadRequest(f"`{what}` has `{word}`, which can't be a name in a Debian archive")
        for name in (name for text in self.packages for name in alternatives(text)):
            if not _NAME.match(name):
                raise BadRequest(f"`{name}` can't be the name of a Debian package")


@dataclass(frozen=True, slots=True)
class DebianLock:
    """The packages of a request by architecture, each list sorted by name."""

    request: DebianRequest
    packages: Mapping[str, tuple[ArchivePackage, ...]] = field(default_factory=dict)


def alternatives(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|"))


def make_lock(
    request: DebianRequest,
    mirrors: Sequence[str],
    read: Callable[[str], bytes | None],
    *,
    signers: Signers,
    now: datetime,
    keep: DebianLock | None = None,
) -> DebianLock:
    """The newest version of each package in any of the suites; packages of `keep` stay as they are there.

    Dependencies are not followed: those of scripts (debconf, perl) have no place in an image without a shell.
    """
    offered: dict[str, dict[str, ArchivePackage]] = {arch: {} for arch in request.architectures}
    wanted = {name for text in request.packages for name in alternatives(text)}
    for suite in request.suites:
        archive, indexes = _found(suite, mirrors, read, signers, now)
        for architecture in request.architectures:
            best = offered[architecture]
            for package in archive.packages(suite, indexes, request.component, architecture):
                if package.name in wanted:
                    present = best.get(package.name)
                    if present is None or version_key(package.version) > version_key(present.version):
                        best[package.name] = package
    locked = {}
    for architecture, best in offered.items():
        kept = {package.name: package for package in keep.packages.get(architecture, ())} if keep is not None else {}
        chosen = []
        absent = []
        for text in sorted(set(request.packages)):
            name = next((name for name in alternatives(text) if name in best), None)
            if name is None:
                absent.append(f"{text} ({architecture})")
            else:
                chosen.append(kept.get(name, best[name]))
        if absent:
            raise AbsentPackages(absent, request.suites, mirrors)
        locked[architecture] = tuple(sorted(dict.fromkeys(chosen), key=lambda one: one.name))
    return DebianLock(request, locked)


def _found(
    suite: str,
    mirrors: Sequence[str],
    read: Callable[[str], bytes | None],
    signers: Signers,
    now: datetime,
) -> tuple[DebianArchive, Mapping[str, tuple[str, int]]]:
    """The first mirror that has a suite."""
    for mirror in mirrors:
        archive = DebianArchive(mirror, read, now=now)
        indexes = archive.release(suite, signers)
        if indexes is not None:
            return archive, indexes
    raise BadRequest(
        f"no mirror has the suite `{suite}`", hint="look at its name, or name another mirror with `--debian_mirror=URL`"
    )


def encode_lock(lock: DebianLock) -> str:
    """The text of a lock: a package on each line, so that changes are easy to review."""
    request = lock.request
    head = {
        "version": _VERSION,
        "suites": list(request.suites),
        "component": request.component,
        "asked": sorted(set(request.packages)),
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    sections = []
    for architecture in request.architectures:
        rows = ",\n".join(f"   {json.dumps(_row(one))}" for one in lock.packages[architecture])
        sections.append(f"  {json.dumps(architecture)}: [\n{rows}\n  ]")
    return "{\n" + "\n".join(lines) + '\n "packages": {\n' + ",\n".join(sections) + "\n }\n}\n"


def _row(package: ArchivePackage) -> Mapping[str, object]:
    return {
        "name": package.name,
        "version": package.version,
        "architecture": package.architecture,
        "path": package.path,
        "sha256": package.sha256,
        "size": package.size,
    }


def decode_lock(text: str, shown: str) -> DebianLock:
    """Read a lock again; raises UnreadableLock."""
    try:
        document: dict[str, Any] = json.loads(text)
        if document["version"] != _VERSION:
            raise UnreadableLock(shown, f"its version is {document['version']}")
        packages = {
            str(architecture): tuple(
                ArchivePackage(
                    str(row["name"]),
                    str(row["version"]),
                    str(row["architecture"]),
                    str(row["path"]),
                    str(row["sha256"]),
                    int(row["size"]),
                )
                for row in rows
            )
            for architecture, rows in document["packages"].items()
        }
        asked = tuple(map(str, document["asked"]))
        request = DebianRequest(tuple(document["suites"]), asked, tuple(packages), str(document["component"]))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnreadableLock(shown, str(error) or type(error).__name__) from error
    return DebianLock(request, packages)
