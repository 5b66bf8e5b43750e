"""A base for images without a shell out of Debian packages, from the archive that this machine's apt is set up for.

`apt-get` finds and downloads packages and checks the archive's signatures; every package is checked again by the hash
it was locked with. Nothing is installed and no script of a package is run: what scripts would make and an image needs
(users, the bundle of certificates) is made here. Scanners find the packages in `var/lib/dpkg/status.d`, as they do in
other images of this kind.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from venvship.archives.deb import DebControl, DebEntry, DebFile, DebLink, read_control, read_files
from venvship.errors import EnvironmentProblem, UserError
from venvship.model.paths import TreePath, parent, relative_link
from venvship.repos.runtime_libraries import DIRECTORIES, SYSTEM_TEXTS, BaseDirectory

PACKAGES: Final = (
    "base-files", "ca-certificates", "libbz2-1.0", "libc6", "libcrypt1", "libdb5.3", "libexpat1", "libffi8",
    "libgcc-s1", "liblzma5", "libncursesw6", "libreadline8", "libsqlite3-0", "libssl3", "libstdc++6", "libtinfo6",
    "libuuid1", "media-types", "netbase", "tzdata", "zlib1g",
)  # fmt: skip
"""What a CPython that is built on the same release needs, with certificates, time zones and names of services."""

_CERTIFICATES = TreePath("etc/ssl/certs/ca-certificates.crt")
_DROPPED = re.compile(
    r"(?:usr/bin|usr/sbin|usr/games|etc/(?:cron|init|logrotate|update-motd)[^/]*|usr/lib/systemd|usr/lib/init)/"
    r"|usr/share/(?:man|info|lintian|locale|bug|bash-completion|doc-base|menu|gdb|gcc|base-files)/"
    r"|usr/lib/[^/]*/gconv/"
    r"|usr/share/doc/(?!.*/copyright\Z)"
    r"|etc/(?:issue|issue\.net|motd|host\.conf|dpkg/.*)\Z"
)
_PYTHON = re.compile(r"usr/bin/python3(?:\.[0-9]+)?\Z")
_PRINTED = re.compile(r"'[^']*' (\S+)_[a-z0-9]+\.deb ([0-9]+) SHA256:([0-9a-f]{64})\Z")
_PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+\Z")
_TIMEOUT_SECONDS = 600


class AptFailed(EnvironmentProblem):
    """apt is missing, or does not do what it was asked."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"apt can't {what}: {reason}", hint="look at its settings, and try `apt-get update`")


class ChangedPackage(UserError):
    """The archive holds another file under the name and version of a locked package."""

    def __init__(self, package: LockedPackage, found: str) -> None:
        super().__init__(
            f"Debian package {package.name} {package.version} has the hash {found}, not {package.sha256}",
            hint="lock the packages anew if the archive has changed them for a reason you know",
        )


class OverlappingPackages(UserError):
    """Two packages have different files at one place."""

    def __init__(self, path: str, first: str, second: str) -> None:
        super().__init__(f"the Debian packages {first} and {second} both have `{path}`, with different content")


@dataclass(frozen=True, slots=True, order=True)
class LockedPackage:
    """One version of a package, by hash."""

    name: str
    version: str
    sha256: str
    size: int


def lock_packages(names: Iterable[str] = PACKAGES) -> tuple[LockedPackage, ...]:
    """The versions that apt would install now, without dependencies; raises AptFailed."""
    wanted = sorted(set(names))
    _check_names(wanted)
    printed = _apt("find packages", ["download", "--print-uris", *wanted], Path("/"))
    locked = []
    for line in printed.splitlines():
        found = _PRINTED.match(line.strip())
        if found is not None:
            name, _, version = found[1].partition("_")
            locked.append(LockedPackage(name, unquote(version), found[3], int(found[2])))
    absent = set(wanted) - {package.name for package in locked}
    if absent:
        raise AptFailed("find packages", f"it says nothing of {', '.join(sorted(absent))}")
    return tuple(sorted(locked))


def fetch_packages(packages: Sequence[LockedPackage], cache: Path) -> tuple[Path, ...]:
    """The files of `packages`, downloaded into `cache` unless they are there; raises AptFailed or ChangedPackage."""
    cache.mkdir(parents=True, exist_ok=True)
    absent = [package for package in packages if not (cache / f"{package.sha256}.deb").is_file()]
    _check_names(package.name for package in absent)
    if absent:
        directory = Path(tempfile.mkdtemp(dir=cache))
        try:
            # apt downloads as another user where it can.
            directory.chmod(0o755)
            _apt("download packages", ["download", *(f"{p.name}={p.version}" for p in absent)], directory)
            found = {unquote(path.name).split("_")[0]: path for path in directory.iterdir() if path.suffix == ".deb"}
            for package in absent:
                if package.name not in found:
                    raise AptFailed("download packages", f"{package.name} {package.version} did not come")
                sha256 = hashlib.sha256(found[package.name].read_bytes()).hexdigest()
                if sha256 != package.sha256:
                    raise ChangedPackage(package, sha256)
                os.replace(found[package.name], cache / f"{sha256}.deb")
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    return tuple(cache / f"{package.sha256}.deb" for package in packages)


def write_debian_base(packages: Iterable[Path], into: Path) -> tuple[BaseDirectory, ...]:
    """Lay the packages out below the directory `into`; the directories that the layer must describe itself."""
    owners: dict[TreePath, tuple[str, DebEntry]] = {}
    certificates: dict[str, bytes] = {}
    for package in sorted(packages):
        data = package.read_bytes()
        control = read_control(data)
        for entry in read_files(data):
            if entry.path.startswith("usr/share/ca-certificates/") and isinstance(entry, DebFile):
                certificates[entry.path] = entry.content
            elif _PYTHON.match(entry.path) or not _DROPPED.match(entry.path):
                _place(owners, control.name, entry)
        for entry in _scanned(control):
            _place(owners, control.name, entry)
    entries = {path: entry for path, (_, entry) in owners.items()}
    if certificates:
        bundle = b"".join(certificates[path].rstrip(b"\n") + b"\n" for path in sorted(certificates))
        entries[_CERTIFICATES] = DebFile(_CERTIFICATES, bundle, False)
        link = TreePath("usr/lib/ssl/cert.pem")
        entries[link] = DebLink(link, relative_link(link, _CERTIFICATES))
    for path, text in SYSTEM_TEXTS.items():
        entries[path] = DebFile(path, text.encode(), False)
    for top in ("bin", "lib", "lib64"):
        if any(path.startswith(f"usr/{top}/") for path in entries):
            entries[TreePath(top)] = DebLink(TreePath(top), f"usr/{top}")
    into.mkdir(parents=True, exist_ok=True)
    for path in sorted(entries):
        _write(entries[path], into)
    return DIRECTORIES


def _place(owners: dict[TreePath, tuple[str, DebEntry]], package: str, entry: DebEntry) -> None:
    owner, present = owners.setdefault(entry.path, (package, entry))
    if present != entry:
        raise OverlappingPackages(entry.path, owner, package)


def _scanned(control: DebControl) -> Iterable[DebEntry]:
    directory = "var/lib/dpkg/status.d"
    yield DebFile(TreePath(f"{directory}/{control.name}"), control.text.encode(), False)
    if control.md5sums:
        yield DebFile(TreePath(f"{directory}/{control.name}.md5sums"), control.md5sums.encode(), False)


def _write(entry: DebEntry, into: Path) -> None:
    # No link of one package may lead the file of another out of the tree.
    directory = into
    for part in filter(None, parent(entry.path).split("/")):
        directory = directory / part
        if directory.is_symlink():
            raise OverlappingPackages(entry.path, f"the link `{directory.relative_to(into)}`", "a file below it")
        directory.mkdir(exist_ok=True)
    target = into / entry.path
    match entry:
        case DebFile(_, content, executable):
            target.write_bytes(content)
            target.chmod(0o755 if executable else 0o644)
        case DebLink(_, text):
            target.symlink_to(text)


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if not _PACKAGE_NAME.match(name):
            raise UserError(f"`{name}` can't be the name of a Debian package")


def _apt(what: str, arguments: list[str], directory: Path) -> str:
    program = shutil.which("apt-get")
    if program is None:
        raise AptFailed(what, "there is no `apt-get` on this machine")
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            [program, "-q", *arguments],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise AptFailed(what, "it took too long") from error
    if done.returncode != 0:
        raise AptFailed(what, done.stderr.decode(errors="replace").strip())
    return done.stdout.decode(errors="replace")
