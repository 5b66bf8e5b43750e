"""Reads Debian packages: an `ar` archive of two tar archives, one about the package and one with its files.

Paths come out relative and with a merged `/usr`, as current systems have it: a package that still says `/lib/x` means
`/usr/lib/x`, and an image that holds both a link `lib` and a directory `lib` is refused by container engines.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import lzma
import tarfile
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Union

from venvship.tools.layer_stream import tar_errors, zstd_module

_MAGIC = b"!<arch>\n"
_MEMBER_HEADER = 60
_MAX_CONTROL = 16 << 20
_MAX_UNPACKED = 4 << 30
_MERGED = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")


class MalformedPackage(ValueError):
    """A file that should be a Debian package is none, or one that can't be unpacked safely."""

    user_error = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"malformed Debian package: {reason}")


class DebFile(NamedTuple):
    path: str
    content: bytes
    executable: bool


class DebLink(NamedTuple):
    """A symbolic link; hard links come out as files with the same content."""

    path: str
    text: str


DebEntry = Union[DebFile, DebLink]  # noqa: UP007 - evaluated by the oldest Python that tools run under


class DebControl(NamedTuple):
    """What a package says of itself: the text of its control file, its fields, and the checksums of its files."""

    text: str
    fields: Mapping[str, str]
    md5sums: str

    @property
    def name(self) -> str:
        return self.fields["Package"]


def read_control(package: bytes) -> DebControl:
    """Raises MalformedPackage."""
    with _opened(package, "control.tar") as archive:
        texts = {}
        for member in archive:
            name = member.name.removeprefix("./")
            if name in ("control", "md5sums") and member.isreg() and member.size <= _MAX_CONTROL:
                body = archive.extractfile(member)
                texts[name] = body.read().decode("utf-8", "replace") if body is not None else ""
    if "control" not in texts:
        raise MalformedPackage("it has no control file")
    fields: dict[str, str] = {}
    for line in texts["control"].splitlines():
        if line[:1] not in (" ", "\t", ""):
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    if not fields.get("Package") or "/" in fields["Package"]:
        raise MalformedPackage("its control file names no package")
    return DebControl(texts["control"], fields, texts.get("md5sums", ""))


def read_files(package: bytes) -> Iterator[DebEntry]:
    """The files and links of a package, in its order; raises MalformedPackage."""
    linked: dict[str, bytes] = {}
    seen: set[str] = set()
    total = 0
    with _opened(package, "data.tar") as archive:
        for member in archive:
            if member.isdir():
                continue
            path = merged(member.name)
            if member.issym():
                yield DebLink(path, member.linkname)
            elif member.islnk():
                source = str(merged(member.linkname))
                if source not in seen:
                    raise MalformedPackage(f"`{path}` is a hard link to `{source}`, which does not come before it")
                # Few packages have any, so the archive is read again for those that do.
                linked = linked or _linked_contents(package)
                yield DebFile(path, linked[source], bool(member.mode & 0o100))
            elif member.isreg():
                total += member.size
                if total > _MAX_UNPACKED:
                    raise MalformedPackage(f"it unpacks to more than {_MAX_UNPACKED} bytes")
                seen.add(path)
                yield DebFile(path, _content(archive, member), bool(member.mode & 0o100))
            else:
                raise MalformedPackage(f"`{path}` is neither file, link nor directory")


def _linked_contents(package: bytes) -> dict[str, bytes]:
    """The contents of all files that hard links name."""
    with _opened(package, "data.tar") as archive:
        targets = {str(merged(member.linkname)) for member in archive if member.islnk()}
    found: dict[str, bytes] = {}
    with _opened(package, "data.tar") as archive:
        for member in archive:
            if member.isreg() and (path := merged(member.name)) in targets:
                found[path] = _content(archive, member)
    return found


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    body = archive.extractfile(member)
    return body.read() if body is not None else b""


def merged(name: str) -> str:
    """A member's name as a path with a merged `/usr`; raises MalformedPackage.

    >>> merged("./lib/x86_64-linux-gnu/libc.so.6")
    'usr/lib/x86_64-linux-gnu/libc.so.6'
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or name.startswith("/") or "\0" in name or ".." in parts:
        raise MalformedPackage(f"path {name!r}")
    return "/".join(["usr", *parts] if len(parts) > 1 and parts[0] in _MERGED else parts)


@contextlib.contextmanager
def _opened(package: bytes, member: str) -> Iterator[tarfile.TarFile]:
    name, data = _member(package, member)
    suffix = name[len(member) :]
    raw = io.BytesIO(data)
    stream: io.BufferedIOBase
    match suffix:
        case "":
            stream = raw
        case ".xz":
            stream = lzma.LZMAFile(raw)  # noqa: SIM115
        case ".gz":
            stream = gzip.GzipFile(fileobj=raw)
        case ".zst":
            stream = zstd_module().open(raw)
        case _:
            raise MalformedPackage(f"`{name}` is compressed in an unknown way")
    try:
        with stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            yield archive
    except MalformedPackage:
        raise
    except tar_errors() as error:
        raise MalformedPackage(f"`{name}` can't be unpacked: {error}") from error


def _member(package: bytes, prefix: str) -> tuple[str, bytes]:
    """The member of the outer archive whose name starts with `prefix`."""
    if not package.startswith(_MAGIC):
        raise MalformedPackage("it is no ar archive")
    offset = len(_MAGIC)
    while offset + _MEMBER_HEADER <= len(package):
        header = package[offset : offset + _MEMBER_HEADER]
        name = header[:16].decode("latin-1").rstrip().rstrip("/")
        size_text = header[48:58].strip()
        if header[58:] != b"`\n" or not size_text.isdigit():
            raise MalformedPackage(f"damaged at offset {offset}")
        offset += _MEMBER_HEADER
        size = int(size_text)
        if offset + size > len(package):
            raise MalformedPackage(f"`{name}` is cut off")
        if name.startswith(prefix):
            return name, package[offset : offset + size]
        offset += size + size % 2
    raise MalformedPackage(f"it has no {prefix}")
