"""Unpacks archives that nobody vouches for.

Nothing is ever written outside the destination, nor through a link: names that lead out are refused, directories above
an entry must be real ones, and links are made last, when no file is left to be written. A link must lead somewhere
inside, with every other link followed.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import IO, Protocol, cast

from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem, UserError

_SUFFIXES: Mapping[str, str] = {
    ".zip": "zip",
    ".jar": "zip",
    ".war": "zip",
    ".aar": "zip",
    ".nupkg": "zip",
    ".whl": "zip",
    ".tar": "tar",
    ".tar.gz": "gz",
    ".tgz": "gz",
    ".tar.xz": "xz",
    ".txz": "xz",
    ".tar.bz2": "bz2",
    ".tbz": "bz2",
    ".tar.zst": "zst",
    ".tzst": "zst",
}
_ZSTANDARD_MODULES = ("compression.zstd", "backports.zstd", "zstandard")
_DEEPEST = 200
_LONGEST = 4096
_LINK_TEXT = 4096
_CHUNK = 1 << 20

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError)


class BadArchive(UserError):
    """An archive is damaged, or of a kind that is not known."""


class UnsafeArchive(UserError):
    """An archive holds what would do harm, or more than anybody has use for."""


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """What an archive may come to."""

    entries: int = 2_000_000
    total_bytes: int = 64 << 30


_LIMITS = UnpackLimits()


class _OpensStreams(Protocol):
    def open(self, file: str, mode: str) -> IO[bytes]: ...


def archive_kind(name: str, declared: str = "") -> str:
    """How an archive is packed, from its declared type or the end of its name; raises BadArchive."""
    text = f".{declared.removeprefix('.')}" if declared else name.partition("?")[0].partition("#")[0]
    for suffix in sorted(_SUFFIXES, key=len, reverse=True):
        if text.lower().endswith(suffix):
            return _SUFFIXES[suffix]
    raise BadArchive(
        f"can't tell how `{declared or name}` is packed",
        hint=f"known are {', '.join(suffix[1:] for suffix in sorted(_SUFFIXES))}; say which with `type`",
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: str  # "file", "directory", "link" or "same"
    executable: bool = False
    size: int = 0
    target: str = ""
    member: object = None


def unpack(
    archive: Path,
    destination: Path,
    *,
    kind: str,
    shown: str,
    strip_prefix: str = "",
    renamed: Mapping[str, str] | None = None,
    limits: UnpackLimits = _LIMITS,
) -> None:
    """Unpack into the directory `destination`; files that are there already are replaced.

    `strip_prefix` is a directory of the archive: only what is below it is unpacked. `renamed` gives entries other
    names, by their names in the archive.
    """
    if any(part in (".", "..") for part in strip_prefix.strip("/").split("/")):
        raise UnsafeArchive(f"`strip_prefix` can't be `{strip_prefix}`")
    run = _Unpacking(str(destination), shown, strip_prefix.strip("/"), renamed or {}, limits)
    try:
        if kind == "zip":
            with zipfile.ZipFile(archive) as opened:
                run.run(_zip_entries(opened), lambda member: opened.open(cast(zipfile.ZipInfo, member)))
        else:
            with _opened_tar(archive, kind) as opened_tar:
                run.run(
                    _tar_entries(opened_tar, shown),
                    lambda member: cast("IO[bytes]", opened_tar.extractfile(cast(tarfile.TarInfo, member))),
                )
    except _BROKEN as error:
        raise BadArchive(f"archive `{shown}` can't be unpacked: {error}") from error
    except Exception as error:
        # lzma and zstandard have exceptions of their own; the modules may be missing.
        if type(error).__name__ in ("LZMAError", "ZstdError", "error"):
            raise BadArchive(f"archive `{shown}` can't be unpacked: {error}") from error
        raise


def _zip_entries(opened: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in opened.infolist():
        mode = info.external_attr >> 16
        if info.is_dir():
            yield _Entry(info.filename, "directory")
        elif stat.S_ISLNK(mode):
            if info.file_size > _LINK_TEXT:
                raise UnsafeArchive(f"the text of link `{info.filename}` is too long")
            yield _Entry(info.filename, "link", target=opened.read(info).decode("utf-8", "surrogateescape"))
        else:
            yield _Entry(info.filename, "file", bool(mode & 0o111), info.file_size, member=info)


def _tar_entries(opened: tarfile.TarFile, shown: str) -> Iterator[_Entry]:
    for info in opened:
        if info.isdir():
            yield _Entry(info.name, "directory")
        elif info.issym():
            yield _Entry(info.name, "link", target=info.linkname)
        elif info.islnk():
            yield _Entry(info.name, "same", target=info.linkname)
        elif info.isreg():
            yield _Entry(info.name, "file", bool(info.mode & 0o111), info.size, member=info)
        else:
            raise UnsafeArchive(f"entry `{info.name}` of archive `{shown}` is neither a file, a directory nor a link")


@contextlib.contextmanager
def _opened_tar(archive: Path, kind: str) -> Iterator[tarfile.TarFile]:
    if kind != "zst":
        with tarfile.open(archive, f"r:{'' if kind == 'tar' else kind}") as opened:  # type: ignore[call-overload]
            yield opened
        return
    for name in _ZSTANDARD_MODULES:
        try:
            module = cast(_OpensStreams, importlib.import_module(name))
        except ImportError:
            continue
        with module.open(str(archive), "rb") as stream, tarfile.open(fileobj=stream, mode="r|") as opened:
            yield opened
        return
    raise EnvironmentProblem(
        "archives packed with zstandard can't be read by this Python",
        hint="install `backports.zstd`, or use Python 3.14 or newer",
    )


@dataclass(slots=True)
class _Unpacking:
    destination: str
    shown: str
    prefix: str
    renamed: Mapping[str, str]
    limits: UnpackLimits
    bytes_left: int = 0
    links: dict[str, str] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    directories: set[str] = field(default_factory=lambda: {""})
    tops: dict[str, None] = field(default_factory=dict)
    any_found: bool = False

    def run(self, entries: Iterator[_Entry], open_member: _OpenMember) -> None:
        self.bytes_left = self.limits.total_bytes
        for count, entry in enumerate(entries):
            if count >= self.limits.entries:
                raise UnsafeArchive(f"archive `{self.shown}` has more than {self.limits.entries} entries")
            path = self._place(self.renamed.get(entry.name, entry.name))
            if path is None:
                continue
            match entry.kind:
                case "directory":
                    self._make_directories(path)
                case "link":
                    if path:
                        self._clear(path)
                        self.links[path] = entry.target
                case "same":
                    self._make_same(path, entry)
                case _:
                    self._write(path, entry, open_member)
        if self.prefix and not self.any_found:
            top = ", ".join(f"`{name}`" for name in list(self.tops)[:10])
            raise BadArchive(
                f"archive `{self.shown}` holds nothing below `{self.prefix}`",
                hint=f"at its top are {top}; correct `strip_prefix`" if top else None,
            )
        self._make_links()

    def _place(self, name: str) -> str | None:
        """Where an entry goes, below the destination; None for what is outside of the prefix."""
        if "\0" in name or len(name) > _LONGEST:
            raise UnsafeArchive(f"an entry of archive `{self.shown}` has an impossible name")
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or ".." in parts or len(parts) > _DEEPEST:
            raise UnsafeArchive(f"entry `{name[:200]}` of archive `{self.shown}` leads out of the archive")
        if parts:
            self.tops[parts[0]] = None
        path = "/".join(parts)
        if not self.prefix:
            return path
        if path == self.prefix:
            self.any_found = True
            return ""
        if not path.startswith(f"{self.prefix}/"):
            return None
        self.any_found = True
        return path[len(self.prefix) + 1 :]

    def _make_directories(self, path: str) -> None:
        if path in self.directories:
            return
        self._make_directories(path.rpartition("/")[0])
        full = f"{self.destination}/{path}"
        if path in self.links:
            raise UnsafeArchive(f"archive `{self.shown}` writes through the link `{path}`")
        try:
            os.mkdir(full)
        except FileExistsError:
            if not stat.S_ISDIR(os.lstat(full).st_mode):
                raise UnsafeArchive(f"archive `{self.shown}` needs a directory where `{path}` is none") from None
        self.directories.add(path)

    def _clear(self, path: str) -> None:
        self._make_directories(path.rpartition("/")[0])
        self.links.pop(path, None)
        full = f"{self.destination}/{path}"
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISDIR(os.lstat(full).st_mode):
                raise UnsafeArchive(f"archive `{self.shown}` holds `{path}` as a directory and as something else")
            os.unlink(full)

    def _pay(self, size: int) -> None:
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise UnsafeArchive(f"archive `{self.shown}` unpacks to more than {self.limits.total_bytes} bytes")

    def _write(self, path: str, entry: _Entry, open_member: _OpenMember) -> None:
        if not path:
            raise UnsafeArchive(f"archive `{self.shown}` holds a file without a name")
        self._clear(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(f"{self.destination}/{path}", flags, 0o755 if entry.executable else 0o644)
        with open(descriptor, "wb") as file, open_member(entry.member) as source:
            while chunk := source.read(_CHUNK):
                self._pay(len(chunk))
                file.write(chunk)
        self.files.add(path)

    def _make_same(self, path: str, entry: _Entry) -> None:
        target = self._place(entry.target)
        if not path or target is None or target not in self.files or target == path:
            raise UnsafeArchive(f"entry `{entry.name}` of archive `{self.shown}` is the same file as nothing before it")
        self._clear(path)
        size = os.lstat(f"{self.destination}/{target}").st_size
        self._pay(size)
        shutil.copy2(f"{self.destination}/{target}", f"{self.destination}/{path}", follow_symlinks=False)
        self.files.add(path)

    def _make_links(self) -> None:
        for path, text in self.links.items():
            if not text or text.startswith("/") or "\0" in text or len(text) > _LINK_TEXT:
                raise self._leads_out(path, text)
            try:
                os.symlink(text, f"{self.destination}/{path}")
            except FileExistsError:
                raise UnsafeArchive(f"archive `{self.shown}` holds `{path}` twice") from None
        root = os.path.realpath(self.destination)
        for path, text in self.links.items():
            real = os.path.realpath(f"{self.destination}/{path}")
            if real != root and not real.startswith(f"{root}/"):
                for other in self.links:
                    os.unlink(f"{self.destination}/{other}")
                raise self._leads_out(path, text)

    def _leads_out(self, path: str, text: str) -> UnsafeArchive:
        return UnsafeArchive(f"link `{path}` of archive `{self.shown}` leads to `{text[:200]}`, out of the archive")


class _OpenMember(Protocol):
    def __call__(self, member: object, /) -> IO[bytes]: ...
