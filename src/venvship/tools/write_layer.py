"""Writes one layer: a compressed tar archive and its descriptor.

The request holds

    rows          what the layer holds (`layer_entries`)
    output        host path of the blob
    descriptor    host path of a JSON document about the blob, or absent
    compression   "gzip", "zstd", "none" or, for archives that are no layers, "xz" or "bzip2"
    compressor    for gzip: "isal" or "zlib"; part of the request, because the bytes depend on it
    level         of the compressor, or absent
    uid, gid, mtime, uname, gname   for every row without its own
    skip          directories that lower layers hold already
    annotations   for the descriptor

and the result is the descriptor as a dictionary. Files that a wheel brought and that are unchanged since go into a
gzip layer as the wheel's own deflate data. A layer, which has a descriptor, holds nothing of more than 1 KiB twice:
files with the same bytes and attributes are hard links of the first.
"""

from __future__ import annotations

import collections
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from venvship.tools.layer_entries import DIRECTORY, FILE, LINK, TEXT, Entry, LayerProblem, expand
from venvship.tools.layer_stream import LayerStream, crc32, deflater, gzip_member, stream_of, zstd_frame
from venvship.tools.tar_format import DIRECTORY as TAR_DIRECTORY
from venvship.tools.tar_format import END, HARD_LINK, UnusableName, header, padding
from venvship.tools.tar_format import FILE as TAR_FILE
from venvship.tools.tar_format import LINK as TAR_LINK
from venvship.tools.wheel_streams import WheelStreams

MEDIA_TYPES = {
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
    "none": "application/vnd.oci.image.layer.v1.tar",
    "xz": "application/x-xz",
    "bzip2": "application/x-bzip2",
}

# Below this size a member of its own costs more than compressing the file together with its neighbours.
PASS_THROUGH_THRESHOLD = 16 << 10
_READ_ONCE = 4 << 20
_CHUNK = 1 << 20
_LEAST_SHARED = 1 << 10


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the layer; raises LayerProblem or MissingCompressor."""
    compression = str(request.get("compression", "gzip"))
    if compression not in MEDIA_TYPES:
        raise LayerProblem(f"there is no compression `{compression}`; known are {', '.join(sorted(MEDIA_TYPES))}")
    level = request.get("level")
    pack = None
    if compression == "gzip":
        deflate = deflater(str(request.get("compressor", "zlib")), level)
        pack = lambda data: gzip_member(data, deflate)  # noqa: E731
    elif compression == "zstd":
        pack = zstd_frame(level)
    elif compression in ("xz", "bzip2"):
        pack = stream_of(compression, level)

    defaults: dict[str, Any] = {name: int(request.get(name, 0)) for name in ("uid", "gid", "mtime")}
    defaults.update({name: str(request[name]) for name in ("uname", "gname") if request.get(name)})
    entries = expand(request["rows"], defaults=defaults, skip=request.get("skip", ()))
    shared = _shared(entries) if request.get("descriptor") else {}
    with open(request["output"], "wb") as output, LayerStream(output, pack) as stream:
        writer = _Writer(stream, reuse=compression == "gzip", shared=shared)
        try:
            for entry in entries:
                writer.write(entry)
        finally:
            writer.close()
        stream.write(END)
        sums = stream.sums()

    descriptor = {
        "mediaType": MEDIA_TYPES[compression],
        "digest": f"sha256:{sums.sha256}",
        "size": sums.size,
        "diff_id": f"sha256:{sums.diff_sha256}",
        "uncompressed_size": sums.uncompressed_size,
        "entries": len(entries),
        "reused": writer.reused,
        "annotations": dict(request.get("annotations") or {}),
    }
    if request.get("descriptor"):
        with open(request["descriptor"], "w", encoding="utf-8", newline="\n") as file:
            json.dump(descriptor, file, indent=1, sort_keys=True)
            file.write("\n")
    return descriptor


def _shared(entries: Sequence[Entry]) -> Mapping[str, str]:
    """The paths of files that an earlier path holds already, with that path."""
    alike: dict[tuple[object, ...], list[Entry]] = collections.defaultdict(list)
    for entry in entries:
        if entry.kind in (FILE, TEXT) and entry.size > _LEAST_SHARED:
            owner = entry.uid, entry.gid, entry.uname, entry.gname
            alike[entry.size, entry.mode, entry.mtime, *owner].append(entry)
    found: dict[str, str] = {}
    for group in alike.values():
        if len(group) > 1:
            first: dict[str, str] = {}
            for entry in group:
                path = first.setdefault(_sha256(entry), entry.path)
                if path != entry.path:
                    found[entry.path] = path
    return found


def _sha256(entry: Entry) -> str:
    if entry.sha256:
        return entry.sha256
    if isinstance(entry.source, bytes):
        return hashlib.sha256(entry.source).hexdigest()
    found = hashlib.sha256()
    with open(entry.source, "rb", buffering=0) as file:
        for piece in _pieces(file, entry.size):
            found.update(piece)
    return found.hexdigest()


class _Writer:
    """Writes entries as tar members; keeps the wheel that it reads from open, because its files come in a row."""

    def __init__(self, stream: LayerStream, *, reuse: bool, shared: Mapping[str, str]) -> None:
        self._stream = stream
        self._reuse = reuse
        self._shared = shared
        self._wheels: dict[str, WheelStreams] = {}
        self._crc32 = crc32()
        self.reused = 0

    def close(self) -> None:
        for wheel in self._wheels.values():
            wheel.close()

    def write(self, entry: Entry) -> None:
        kind = {FILE: TAR_FILE, LINK: TAR_LINK, DIRECTORY: TAR_DIRECTORY}.get(entry.kind, TAR_FILE)
        link = str(entry.source) if entry.kind == LINK else ""
        size = entry.size
        if entry.path in self._shared:
            kind, link, size = HARD_LINK, self._shared[entry.path], 0
        try:
            head = header(
                kind,
                entry.path,
                mode=entry.mode,
                size=size,
                link=link,
                uid=entry.uid,
                gid=entry.gid,
                mtime=entry.mtime,
                uname=entry.uname,
                gname=entry.gname,
            )
        except UnusableName as error:
            raise LayerProblem(f"{error}, in {entry.origin}") from error
        self._stream.write(head)
        if not size:
            return
        if isinstance(entry.source, bytes):
            self._stream.write(entry.source)
        else:
            self._write_file(entry, entry.source)
        self._stream.write(padding(entry.size))

    def _write_file(self, entry: Entry, host: str) -> None:
        with open(host, "rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size != entry.size:
                raise LayerProblem(f"`{host}` has another size than the {entry.size} bytes it is listed with")
            if self._reuse and entry.wheel and entry.size >= PASS_THROUGH_THRESHOLD:
                wheel = self._wheel(entry.wheel)
                name = os.path.basename(host)
                if wheel.may_hold(name, entry.size) and self._write_deflated(wheel, name, file, entry.size):
                    return
            self._copy(file, entry.size)

    def _write_deflated(self, wheel: WheelStreams, name: str, file: IO[bytes], size: int) -> bool:
        # Large files are read twice, in pieces: what they hold takes no memory, whatever its size.
        whole = [file.read(size)] if size <= _READ_ONCE else []
        crc = 0
        for piece in whole or _pieces(file, size):
            crc = self._crc32(piece, crc)
        deflated = wheel.find(name, size, crc)
        file.seek(0)
        if deflated is None:
            return False
        self._stream.write_deflated(whole or _pieces(file, size), deflated, size=size, crc=crc)
        self.reused += 1
        return True

    def _copy(self, file: IO[bytes], size: int) -> None:
        for piece in _pieces(file, size):
            self._stream.write(piece)

    def _wheel(self, path: str) -> WheelStreams:
        if path not in self._wheels:
            self._wheels[path] = WheelStreams(path, threshold=PASS_THROUGH_THRESHOLD)
        return self._wheels[path]


def _pieces(file: IO[bytes], size: int) -> Iterator[bytes]:
    """The next `size` bytes of a file."""
    left = size
    while left:
        piece = file.read(min(_CHUNK, left))
        if not piece:
            raise LayerProblem(f"`{file.name}` got shorter while it was read")
        left -= len(piece)
        yield piece
