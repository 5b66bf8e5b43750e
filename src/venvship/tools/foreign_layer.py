"""Descriptors of tar archives that another program wrote, for use as layers."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from venvship.tools.layer_stream import isal_zlib, stream_errors, zstd_module
from venvship.tools.oci_documents import LAYER_PREFIX, ImageProblem

_CHUNK = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_OTHERS = {b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}


def describe_archive(path: str) -> dict[str, Any]:
    """The descriptor of a tar archive, plain or compressed with gzip or zstd; it is read once.

    Raises ImageProblem, or MissingCompressor for zstd that can't be read here.
    """
    with open(path, "rb") as file:
        start = file.read(512)
    suffix, unpack = _format(path, start)
    blob, diff, uncompressed, size = hashlib.sha256(), hashlib.sha256(), 0, 0
    head = b""

    def chunks() -> Iterator[bytes]:
        nonlocal size
        with open(path, "rb") as file:
            while True:
                chunk = file.read(_CHUNK)
                if not chunk:
                    return
                blob.update(chunk)
                size += len(chunk)
                yield chunk

    try:
        for part in unpack(chunks()):
            if len(head) < 512:
                head += part[: 512 - len(head)]
            diff.update(part)
            uncompressed += len(part)
    except stream_errors() as error:
        raise ImageProblem(f"`{path}` can't be unpacked: {error}") from error
    if head[257:262] != b"ustar" and head.strip(b"\0"):
        raise ImageProblem(f"`{path}` is no tar archive")
    return {
        "mediaType": LAYER_PREFIX + suffix,
        "digest": "sha256:" + blob.hexdigest(),
        "size": size,
        "diff_id": "sha256:" + diff.hexdigest(),
        "uncompressed_size": uncompressed,
    }


def _format(path: str, start: bytes) -> tuple[str, Callable[[Iterator[bytes]], Iterator[bytes]]]:
    if start.startswith(_GZIP):
        return "+gzip", _gunzip
    if start.startswith(_ZSTD):
        return "+zstd", _unzstd
    for magic, name in _OTHERS.items():
        if start.startswith(magic):
            raise ImageProblem(f"`{path}` is compressed with {name}, which no container engine reads; use gzip or zstd")
    return "", lambda chunks: chunks


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Every member of a gzip stream, in bounded pieces; a file may be thousands of members."""
    module = isal_zlib() or zlib
    stream = module.decompressobj(31)
    begun = False
    for data in chunks:
        while data:
            begun = True
            yield stream.decompress(data, _CHUNK)
            if stream.eof:
                data = stream.unused_data
                stream = module.decompressobj(31)
                begun = False
                if data and not data.strip(b"\0"):
                    # Padding after the last member, as tapes have it.
                    data = b""
            else:
                data = stream.unconsumed_tail
    if begun:
        raise EOFError("it ends within a gzip member")


def _unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    module = zstd_module()
    stream = module.ZstdDecompressor()
    for data in chunks:
        while data or not (stream.needs_input or stream.eof):
            yield stream.decompress(data, _CHUNK)
            data = b""
            if stream.eof:
                data = stream.unused_data
                stream = module.ZstdDecompressor()
