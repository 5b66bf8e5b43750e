"""Lays Debian packages out as the start of a root file system, with a directory for each of them.

The request holds `packages` (host paths), `output` (a directory, which does not exist yet) and `timezone` (a name of
the time zone database; UTC without one, where the database is there). Below `output` lie the files of each package,
under its name, and in `_system` what the packages' scripts would make: the bundle of certificates, the links of a
merged `/usr`, the local time.

No script of a package is run, and nothing that needs a shell is kept. Scanners find the packages in
`var/lib/dpkg/status.d`, as they do in other images of this kind. A file whose content lies at another path already is
a link to that, so that nothing is stored twice.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Any

from venvship.tools.deb_package import DebControl, DebEntry, DebFile, DebLink, read_control, read_files

SYSTEM = "_system"
"""No package can be called so."""

_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
_ZONES = "usr/share/zoneinfo"
_UTC = "Etc/UTC"
_SMALL = 1024
_MERGED = ("bin", "lib", "lib64", "sbin")
_DROPPED = re.compile(
    r"(?:usr/bin|usr/sbin|usr/games|etc/(?:cron|init|logrotate|update-motd)[^/]*|usr/lib/systemd|usr/lib/init)/"
    r"|usr/share/(?:man|info|lintian|locale|bug|bash-completion|doc-base|menu|gdb|gcc|base-files)/"
    r"|usr/lib/[^/]*/gconv/"
    r"|usr/share/zoneinfo/(?:posix|right)/"
    r"|usr/share/doc/(?!.*/copyright\Z)"
    r"|etc/(?:issue|issue\.net|motd|host\.conf|localtime|timezone|passwd|group|nsswitch\.conf|dpkg/.*)\Z"
)
_PYTHON = re.compile(r"usr/bin/python3(?:\.[0-9]+)?\Z")


class RootProblem(ValueError):
    """Packages that do not go together, or lack what is asked of them."""

    user_error = True


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the directories; raises RootProblem, MalformedPackage or MissingCompressor."""
    root = Root()
    for path in request["packages"]:
        with open(path, "rb") as file:
            root.add(file.read())
    root.finish(timezone=str(request.get("timezone") or ""))
    root.write(str(request["output"]))
    return {}


class Root:
    """A root file system that is put together; entries by path, each with the name of its package."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[str, DebEntry]] = {}
        self._packages: dict[str, str] = {}
        self._certificates: dict[str, bytes] = {}

    def add(self, package: bytes) -> None:
        """Take what an image needs of a package."""
        control = read_control(package)
        version = control.fields.get("Version", "")
        present = self._packages.setdefault(control.name, version)
        if present != version:
            raise RootProblem(f"the Debian package {control.name} is given in the versions {present} and {version}")
        for entry in read_files(package):
            if entry.path.startswith("usr/share/ca-certificates/") and isinstance(entry, DebFile):
                self._certificates[entry.path] = entry.content
            elif _PYTHON.match(entry.path) or not _DROPPED.match(entry.path):
                self._place(control.name, entry)
        for entry in _scanned(control):
            self._place(control.name, entry)

    def finish(self, *, timezone: str = "") -> None:
        """Make what belongs to no package alone, and links of what would be stored twice."""
        if self._certificates:
            parts = [self._certificates[path].rstrip(b"\n") + b"\n" for path in sorted(self._certificates)]
            self._place(SYSTEM, DebFile(_CERTIFICATES, b"".join(parts), False))
            self._place(SYSTEM, _link("usr/lib/ssl/cert.pem", _CERTIFICATES))
        for top in _MERGED:
            if any(path.startswith(f"usr/{top}/") for path in self._entries):
                self._place(SYSTEM, DebLink(top, f"usr/{top}"))
        zone = f"{_ZONES}/{timezone or _UTC}"
        if timezone or zone in self._entries:
            if zone not in self._entries:
                raise RootProblem(f"no package has the time zone `{timezone}`; `tzdata` has those that are usual")
            self._place(SYSTEM, _link("etc/localtime", zone))
            self._place(SYSTEM, DebFile("etc/timezone", (timezone or _UTC).encode() + b"\n", False))
        self._link_copies()

    def write(self, output: str) -> None:
        """Write every entry below the directory of its package."""
        links = {path for path, (_, entry) in self._entries.items() if isinstance(entry, DebLink)}
        for owner in (*self._packages, SYSTEM):
            os.makedirs(os.path.join(output, owner), exist_ok=True)
        for path in sorted(self._entries):
            owner, entry = self._entries[path]
            # No link of one package may lead the file of another elsewhere.
            for above in _parents(path):
                if above in links:
                    raise RootProblem(f"`{path}` of {owner} lies below the link `{above}` of {self._entries[above][0]}")
            target = os.path.join(output, owner, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if isinstance(entry, DebLink):
                os.symlink(entry.text, target)
            else:
                with open(target, "wb") as file:
                    file.write(entry.content)
                os.chmod(target, 0o755 if entry.executable else 0o644)

    def _place(self, package: str, entry: DebEntry) -> None:
        owner, present = self._entries.setdefault(entry.path, (package, entry))
        if present != entry:
            raise RootProblem(
                f"the Debian packages {owner} and {package} both have `{entry.path}`, with different content"
            )

    def _link_copies(self) -> None:
        first: dict[bytes, str] = {}
        for path in sorted(self._entries):
            owner, entry = self._entries[path]
            if isinstance(entry, DebFile) and len(entry.content) > _SMALL:
                kept = first.setdefault(hashlib.sha256(entry.content).digest() + bytes([entry.executable]), path)
                if kept != path:
                    self._entries[path] = (owner, _link(path, kept))


def _link(path: str, target: str) -> DebLink:
    return DebLink(path, posixpath.relpath(target, posixpath.dirname(path) or "."))


def _parents(path: str) -> Iterator[str]:
    above = posixpath.dirname(path)
    while above:
        yield above
        above = posixpath.dirname(above)


def _scanned(control: DebControl) -> Iterable[DebFile]:
    directory = "var/lib/dpkg/status.d"
    yield DebFile(f"{directory}/{control.name}", control.text.encode(), False)
    if control.md5sums:
        yield DebFile(f"{directory}/{control.name}.md5sums", control.md5sums.encode(), False)
