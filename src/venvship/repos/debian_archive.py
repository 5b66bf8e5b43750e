"""Reads a Debian archive's own index: what a release holds, by whom it is signed, and which packages it has.

A release names every index by hash, and is signed; an index names every package by hash. So one signature vouches for
all of them, whatever the mirror and the way to it.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import re
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem, UserError
from venvship.repos.debian_relations import Relation, parse_clauses
from venvship.repos.urls import shown_url

KEYRINGS: Final = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
    "/etc/apt/trusted.gpg.d/*.gpg",
)
"""Where systems of this family keep the keys of their own archives."""

_INDEXES: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    ".xz": lzma.decompress,
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    "": lambda data: data,
}
_LARGEST_INDEX = 512 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_VERSION = re.compile(r"[A-Za-z0-9.+:~-]{1,200}\Z")
_TIMEOUT_SECONDS = 60


class UnusableArchive(UserError):
    """An archive does not have what a lock needs, or says what can't be."""

    def __init__(self, mirror: str, reason: str) -> None:
        super().__init__(
            f"the Debian archive `{shown_url(mirror)}` {reason}", hint="try another mirror with `--debian_mirror=URL`"
        )


class UntrustedArchive(UserError):
    """Nobody whose key is known has signed a release."""

    def __init__(self, mirror: str, suite: str, reason: str) -> None:
        super().__init__(
            f"nothing vouches for the release `{suite}` of the Debian archive `{shown_url(mirror)}`: {reason}",
            hint="give the archive's keys with `keyring`, or set `trusted = True` for a mirror of your own",
        )


class NoVerifier(EnvironmentProblem):
    """Signatures can't be checked on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "`gpgv` is not installed, so the signature of a Debian archive can't be checked",
            hint="install gpgv, lock on a machine that has it, or set `trusted = True` for a mirror of your own",
        )


@dataclass(frozen=True, slots=True)
class ArchivePackage:
    """A package that an archive offers; `path` is relative to the archive."""

    name: str
    version: str
    architecture: str
    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class OfferedPackage:
    """A package with what it says of others: each clause of `depends` needs one of its relations."""

    package: ArchivePackage
    depends: tuple[tuple[Relation, ...], ...] = ()
    provides: tuple[Relation, ...] = ()
    conflicts: tuple[Relation, ...] = ()

    @property
    def name(self) -> str:
        return self.package.name

    @property
    def version(self) -> str:
        return self.package.version

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def answers(self, relation: Relation) -> bool:
        """Whether it is, or provides, what a relation names."""
        if self.name == relation.name and relation.admits(self.version):
            return True
        return any(
            one.name == relation.name
            and (relation.comparison is None or (one.version and relation.admits(one.version)))
            for one in self.provides
        )


class PackageIndex:
    """The packages of one index; an entry is read when it is asked for, because there are very many."""

    def __init__(self, mirror: str, text: str) -> None:
        self._mirror = mirror
        self._stanzas: dict[str, list[str]] = {}
        self._providers: list[str] = []
        self._known: dict[str, OfferedPackage] = {}
        for stanza in text.split("\n\n"):
            name = _first(stanza, "Package")
            if name:
                self._stanzas.setdefault(name, []).append(stanza)
                if "\nProvides:" in stanza:
                    self._providers.append(stanza)

    def named(self, name: str) -> Sequence[OfferedPackage]:
        """Every version of a package; raises UnusableArchive."""
        return [self._read(stanza) for stanza in self._stanzas.get(name, ())]

    def providing(self, name: str) -> Sequence[OfferedPackage]:
        """The packages that say they provide what is called so; raises UnusableArchive."""
        found = [self._read(stanza) for stanza in self._providers if name in stanza]
        return [one for one in found if any(relation.name == name for relation in one.provides)]

    def _read(self, stanza: str) -> OfferedPackage:
        known = self._known.get(stanza)
        if known is None:
            known = self._known[stanza] = self._parsed(stanza)
        return known

    def _parsed(self, stanza: str) -> OfferedPackage:
        fields = _fields(stanza)
        name = fields.get("Package", "")
        try:
            found = ArchivePackage(
                name,
                fields["Version"],
                fields.get("Architecture", ""),
                fields["Filename"].removeprefix("./"),
                fields["SHA256"],
                int(fields["Size"]),
            )
            depends = [*parse_clauses(fields.get("Pre-Depends", "")), *parse_clauses(fields.get("Depends", ""))]
            provides, conflicts, breaks = (
                [relation for clause in parse_clauses(fields.get(field, "")) for relation in clause]
                for field in ("Provides", "Conflicts", "Breaks")
            )
        except (KeyError, ValueError) as error:
            raise UnusableArchive(self._mirror, f"has a malformed entry for {name}: {error}") from None
        if (
            not _SHA256.match(found.sha256)
            or not _VERSION.match(found.version)
            or found.path.startswith("/")
            or ".." in found.path.split("/")
        ):
            raise UnusableArchive(self._mirror, f"has a malformed entry for {name}")
        return OfferedPackage(found, tuple(depends), tuple(provides), (*conflicts, *breaks))


@dataclass(frozen=True, slots=True)
class Signers:
    """Who may sign a release: keyrings, or nobody has to where it is `trusted` anyway."""

    keyrings: tuple[Path, ...] = ()
    trusted: bool = False


class DebianArchive:
    """One archive, read through `read`: the content of an address, or None where it has nothing."""

    def __init__(self, mirror: str, read: Callable[[str], bytes | None], *, now: datetime) -> None:
        self._mirror = mirror
        self._read = read
        self._now = now

    def release(self, suite: str, signers: Signers) -> Mapping[str, tuple[str, int]] | None:
        """The indexes of a suite by path, with hash and size; None when the archive has no such suite."""
        data = self._read(f"{self._mirror}dists/{suite}/InRelease")
        if data is None and signers.trusted:
            data = self._read(f"{self._mirror}dists/{suite}/Release")
        if data is None:
            return None
        if not signers.trusted:
            data = self._verified(data, suite, signers.keyrings)
        return self._indexes(data.decode("utf-8", "replace"), suite, check_date=not signers.trusted)

    def packages(
        self, suite: str, indexes: Mapping[str, tuple[str, int]], component: str, architecture: str
    ) -> PackageIndex:
        """Packages for an architecture, and those for all."""
        base = f"{component}/binary-{architecture}/Packages"
        suffix = next((suffix for suffix in _INDEXES if base + suffix in indexes), None)
        if suffix is None:
            raise UnusableArchive(self._mirror, f"has no {base} in its release `{suite}`")
        sha256, size = indexes[base + suffix]
        data = self._read(f"{self._mirror}dists/{suite}/{component}/binary-{architecture}/by-hash/SHA256/{sha256}")
        if data is None:
            data = self._read(f"{self._mirror}dists/{suite}/{base}{suffix}")
        if data is None:
            raise UnusableArchive(self._mirror, f"lacks {base}{suffix}, which its release `{suite}` names")
        if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
            raise UnusableArchive(self._mirror, f"has another {base}{suffix} than its release `{suite}` says")
        try:
            text = _INDEXES[suffix](data)
        except (lzma.LZMAError, OSError, EOFError, zlib.error, ValueError) as error:
            raise UnusableArchive(self._mirror, f"has a damaged {base}{suffix}: {error}") from error
        if len(text) > _LARGEST_INDEX:
            raise UnusableArchive(self._mirror, f"has an index of {len(text)} bytes")
        return PackageIndex(self._mirror, text.decode("utf-8", "replace"))

    def _indexes(self, text: str, suite: str, *, check_date: bool) -> Mapping[str, tuple[str, int]]:
        fields = _fields(text)
        if check_date and fields.get("Valid-Until"):
            try:
                end = parsedate_to_datetime(fields["Valid-Until"]).astimezone(UTC)
            except ValueError as error:
                raise UnusableArchive(self._mirror, f"has a release `{suite}` with a malformed date") from error
            if end < self._now:
                raise UnusableArchive(
                    self._mirror, f"has a release `{suite}` that was valid until {fields['Valid-Until']}"
                )
        found: dict[str, tuple[str, int]] = {}
        for line in fields.get("SHA256", "").splitlines():
            words = line.split()
            if len(words) == 3 and _SHA256.match(words[0]) and words[1].isdigit():
                found[words[2]] = (words[0], int(words[1]))
        if not found:
            raise UnusableArchive(self._mirror, f"has a release `{suite}` without SHA-256 hashes")
        return found

    def _verified(self, data: bytes, suite: str, keyrings: Sequence[Path]) -> bytes:
        """The text that is signed, and nothing around it."""
        program = shutil.which("gpgv")
        if program is None:
            raise NoVerifier
        usable = list(keyrings) or list(_installed_keyrings())
        if not usable:
            raise UntrustedArchive(self._mirror, suite, "this machine has no keys of Debian archives")
        with tempfile.TemporaryDirectory() as temporary:
            signed, text = Path(temporary, "InRelease"), Path(temporary, "Release")
            signed.write_bytes(data)
            options = [word for path in usable for word in ("--keyring", str(path))]
            try:
                done = subprocess.run(
                    [program, "--homedir", temporary, *options, "--output", str(text), str(signed)],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=_TIMEOUT_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise UntrustedArchive(self._mirror, suite, "`gpgv` does not answer") from error
            if done.returncode != 0 or not text.is_file():
                lines = done.stderr.decode(errors="replace").strip().splitlines()
                raise UntrustedArchive(self._mirror, suite, lines[-1] if lines else "gpgv refuses its signature")
            return text.read_bytes()


def _installed_keyrings() -> Iterable[Path]:
    for pattern in KEYRINGS:
        path = Path(pattern)
        yield from sorted(path.parent.glob(path.name))


def _first(stanza: str, field: str) -> str:
    """A field that stands first, as that of the name does; else wherever it is."""
    if stanza.startswith(f"{field}: "):
        return stanza[len(field) + 2 :].partition("\n")[0].strip()
    return _fields(stanza).get(field, "")


def _fields(text: str) -> dict[str, str]:
    """Fields of one stanza; the lines that continue one are joined by line breaks."""
    fields: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            if name:
                fields[name] += "\n" + line.strip()
        else:
            name, colon, value = line.partition(":")
            if not colon:
                name = ""
            elif name in fields:
                name = ""  # the first one counts
            else:
                fields[name] = value.strip()
    return fields
