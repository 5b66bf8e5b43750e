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
from venvship.repos.debian_archive import ArchivePackage, DebianArchive, OfferedPackage, PackageIndex, Signers
from venvship.repos.debian_relations import Relation
from venvship.repos.debian_resolver import Resolution, resolve

DEFAULT_PACKAGES: Final = (
    "base-files", "ca-certificates", "libbz2-1.0", "libc6", "libcrypt1", "libdb5.3t64 | libdb5.3", "libexpat1",
    "libffi8", "libgcc-s1", "liblzma5", "libncursesw6", "libreadline8t64 | libreadline8", "libsqlite3-0",
    "libssl3t64 | libssl3", "libstdc++6", "libtinfo6", "libuuid1", "media-types", "netbase", "readline-common",
    "tzdata", "zlib1g",
)  # fmt: skip
"""What a CPython of the same release needs, with certificates, time zones and names of services."""

DEFAULT_EXCLUDED: Final = (
    "awk", "bash", "busybox", "coreutils", "dash", "debconf", "dpkg", "install-info", "libc-bin", "openssl", "perl",
    "perl-base", "sed",
)  # fmt: skip
"""What only scripts of packages need, which are not run."""

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


class UnresolvedPackages(UserError):
    """Packages that need what no archive has, or that can't be in one image."""

    def __init__(self, resolutions: Mapping[str, Resolution]) -> None:
        lines = [
            f"\n  {problem} ({architecture})"
            for architecture, found in resolutions.items()
            for problem in (*found.unmet, *found.clashes)
        ]
        super().__init__(
            f"these packages can't be put together:{''.join(lines)}",
            hint="name another package in `packages`, or in `exclude` what the image can do without",
        )


class UnreadableLock(UserError):
    """A file that should be a lock of Debian packages."""

    def __init__(self, shown: str, reason: str) -> None:
        super().__init__(
            f"`{shown}` is no lock of Debian packages: {reason}", hint="`venvship lock --upgrade` makes it anew"
        )


@dataclass(frozen=True, slots=True)
class DebianRequest:
    """What is asked for: `a | b` among `packages` takes the first that an archive has.

    What is `excluded` is not taken for what others depend on, unless `packages` names it.
    """

    suites: tuple[str, ...]
    packages: tuple[str, ...] = DEFAULT_PACKAGES
    architectures: tuple[str, ...] = ("amd64", "arm64")
    component: str = "main"
    excluded: tuple[str, ...] = DEFAULT_EXCLUDED

    def __post_init__(self) -> None:
        for what, words in (("suites", self.suites), ("architectures", self.architectures)):
            if not words:
                raise BadRequest(f"`{what}` is empty", hint='for example `suites = ["bookworm", "bookworm-security"]`')
            for word in words:
                if not _WORD.match(word) or ".." in word.split("/"):
                    raise BadRequest(f"`{what}` has `{word}`, which can't be a name in a Debian archive")
        for name in (*(name for text in self.packages for name in alternatives(text)), *self.excluded):
            if not _NAME.match(name):
                raise BadRequest(f"`{name}` can't be the name of a Debian package")


@dataclass(frozen=True, slots=True)
class DebianLock:
    """The packages of a request by architecture, each list sorted by name."""

    request: DebianRequest
    packages: Mapping[str, tuple[ArchivePackage, ...]] = field(default_factory=dict)


def python_packages(version: str) -> tuple[str, ...]:
    """The packages of a CPython `3.X` that are its interpreter tree."""
    return f"libpython{version}-minimal", f"libpython{version}-stdlib", f"python{version}-minimal"


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
    """The packages of a request and what they depend on, the newest that the suites have.

    Versions of `keep` stay where an archive still has them.
    """
    offers = {architecture: _Offers([]) for architecture in request.architectures}
    for suite in request.suites:
        archive, indexes = _found(suite, mirrors, read, signers, now)
        for architecture in request.architectures:
            offers[architecture].indexes.append(archive.packages(suite, indexes, request.component, architecture))
    named = {name for text in request.packages for name in alternatives(text)}
    found = {
        architecture: resolve(
            [tuple(map(Relation, alternatives(text))) for text in sorted(set(request.packages))],
            offers[architecture],
            architecture=architecture,
            excluded=set(request.excluded) - named,
            kept={one.name: one.version for one in keep.packages.get(architecture, ())} if keep is not None else {},
        )
        for architecture in request.architectures
    }
    absent = [
        f"{' | '.join(map(str, one.clause))} ({architecture})"
        for architecture, resolution in found.items()
        for one in resolution.unmet
        if not one.chain
    ]
    if absent:
        raise AbsentPackages(absent, request.suites, mirrors)
    if any(resolution.unmet or resolution.clashes for resolution in found.values()):
        raise UnresolvedPackages(found)
    return DebianLock(
        request, {architecture: tuple(one.package for one in found[architecture].packages) for architecture in found}
    )


@dataclass(frozen=True, slots=True)
class _Offers:
    """What all suites together have for an architecture."""

    indexes: list[PackageIndex]

    def named(self, name: str) -> Sequence[OfferedPackage]:
        return [one for index in self.indexes for one in index.named(name)]

    def providing(self, name: str) -> Sequence[OfferedPackage]:
        return [one for index in self.indexes for one in index.providing(name)]


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


def changed_versions(before: DebianLock | None, after: DebianLock) -> tuple[str, ...]:
    """What one lock has otherwise than another, a line for each package."""
    lines: dict[str, list[str]] = {}
    for architecture, packages in after.packages.items() if before is not None else ():
        old = {one.name: one.version for one in before.packages.get(architecture, ())} if before is not None else {}
        new = {one.name: one.version for one in packages}
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                lines.setdefault(f"{name} {old.get(name, '(none)')} -> {new.get(name, '(none)')}", []).append(
                    architecture
                )
    return tuple(f"{line} ({', '.join(architectures)})" for line, architectures in sorted(lines.items()))


def encode_lock(lock: DebianLock) -> str:
    """The text of a lock: a package on each line, so that changes are easy to review."""
    request = lock.request
    head = {
        "version": _VERSION,
        "suites": list(request.suites),
        "component": request.component,
        "asked": sorted(set(request.packages)),
        "excluded": sorted(set(request.excluded)),
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
        excluded = tuple(map(str, document.get("excluded", ())))
        component = str(document["component"])
        request = DebianRequest(tuple(document["suites"]), asked, tuple(packages), component, excluded)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnreadableLock(shown, str(error) or type(error).__name__) from error
    return DebianLock(request, packages)
