"""The compressed stream of a layer: written once, hashed on the way, never held in memory.

A gzip file may be many members in a row, each of which unpacks to its part of the whole (RFC 1952, 2.2). So the
deflate data that a wheel already holds becomes a member as it is, and only what lies between such members is
compressed, in pieces of about a MiB on all processors. The bytes depend on the content, the compressor and its level
alone: never on time, number of processors or machine.
"""

from __future__ import annotations

import bz2
import collections
import concurrent.futures
import hashlib
import importlib
import lzma
import os
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterable
from typing import IO, Any, NamedTuple

PIECE = 1 << 20
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_AHEAD = 8


class MissingCompressor(Exception):
    """The compressor that the request names is not installed here; another one would give other bytes."""

    user_error = True


class StreamSums(NamedTuple):
    """Digest and size of the blob, and of the tar archive that it unpacks to."""

    sha256: str
    size: int
    diff_sha256: str
    uncompressed_size: int


def isal_zlib() -> Any:
    """The module `isal.isal_zlib`, or None where it is not installed."""
    try:
        return importlib.import_module("isal.isal_zlib")
    except ImportError:
        return None


def crc32() -> Callable[..., int]:
    """The fastest CRC-32 there is; all give the same number."""
    module = isal_zlib()
    return zlib.crc32 if module is None else module.crc32


def gzip_member(data: bytes, deflate: Callable[[bytes], bytes]) -> bytes:
    return _GZIP_HEADER + deflate(data) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def deflater(compressor: str, level: int | None) -> Callable[[bytes], bytes]:
    """Raw deflate by `compressor` (isal, zlib); raises MissingCompressor."""
    if compressor == "isal":
        module = isal_zlib()
        if module is None:
            raise MissingCompressor("`isal` is not installed here")
        isal_level = 3 if level is None else level
        return lambda data: module.compress(data, isal_level, -15)
    if compressor != "zlib":
        raise MissingCompressor(f"there is no compressor `{compressor}` for gzip")
    zlib_level = 6 if level is None else level

    def deflate(data: bytes) -> bytes:
        # compressobj, because zlib.compress takes no window bits before Python 3.11.
        stream = zlib.compressobj(zlib_level, zlib.DEFLATED, -15)
        return stream.compress(data) + stream.flush()

    return deflate


def zstd_module() -> Any:
    """zstd of the standard library (3.14) or its backport; raises MissingCompressor."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingCompressor("zstd needs Python 3.14 or `backports.zstd`, which `pip install venvship[zstd]` brings")


def stream_errors() -> tuple[type[Exception], ...]:
    """What reading damaged bytes raises, whatever compresses them."""
    try:
        of_zstd: tuple[type[Exception], ...] = (zstd_module().ZstdError,)
    except MissingCompressor:
        of_zstd = ()
    return (zlib.error, lzma.LZMAError, EOFError, ValueError, *of_zstd)


def tar_errors() -> tuple[type[Exception], ...]:
    """What reading a damaged tar archive raises, whatever compresses it.

    Among them is ValueError, which `tarfile` lets out where a header has no number in place of one, and which problems
    of our own derive from.
    """
    return (tarfile.TarError, OSError, *stream_errors())


def zstd_frame(level: int | None) -> Callable[[bytes], bytes]:
    """One zstd frame for each piece; raises MissingCompressor."""
    module = zstd_module()
    return lambda data: module.compress(data, 3 if level is None else level)


def stream_of(compression: str, level: int | None) -> Callable[[bytes], bytes]:
    """One xz or bzip2 stream for each piece: unpackers read several in a row as one."""
    if compression == "xz":
        return lambda data: lzma.compress(data, preset=6 if level is None else level)
    return lambda data: bz2.compress(data, 9 if level is None else level)


class LayerStream:
    """Takes the bytes of a tar archive in order and writes the blob; use as a context, then ask for `sums`."""

    def __init__(self, output: IO[bytes], pack: Callable[[bytes], bytes] | None) -> None:
        self._output = output
        self._pack = pack
        self._diff = hashlib.sha256()
        self._blob = hashlib.sha256() if pack else self._diff
        self._uncompressed = 0
        self._size = 0
        self._pending: list[Any] = []
        self._pending_size = 0
        self._queue: collections.deque[bytes | concurrent.futures.Future[bytes]] = collections.deque()
        self._threads = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) if pack else None

    def __enter__(self) -> LayerStream:
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)

    def write(self, data: Any) -> None:
        """Append `data`, which must not change later."""
        self._pending.append(data)
        self._pending_size += len(data)
        if self._pending_size >= PIECE:
            self._flush()

    def write_deflated(self, body: Iterable[bytes], deflated: Iterable[bytes], *, size: int, crc: int) -> None:
        """Append `body` of `size` bytes, whose raw deflate data and CRC-32 are known; both come in pieces."""
        self._flush()
        for piece in body:
            self._diff.update(piece)
        self._uncompressed += size
        self._drain(0)
        self._emit(_GZIP_HEADER)
        for piece in deflated:
            self._emit(piece)
        self._emit(struct.pack("<II", crc, size & 0xFFFFFFFF))

    def sums(self) -> StreamSums:
        """Write what is left; the digests and sizes of the whole."""
        self._flush()
        self._drain(0)
        return StreamSums(self._blob.hexdigest(), self._size, self._diff.hexdigest(), self._uncompressed)

    def _flush(self) -> None:
        if not self._pending:
            return
        data = b"".join(self._pending)
        self._pending.clear()
        self._pending_size = 0
        self._uncompressed += len(data)
        if self._pack is None or self._threads is None:
            self._emit(data)
            return
        self._queue.append(self._threads.submit(self._pack, data))
        self._diff.update(data)
        self._drain(_AHEAD)

    def _drain(self, left: int) -> None:
        while len(self._queue) > left:
            piece = self._queue.popleft()
            self._emit(piece if isinstance(piece, bytes) else piece.result())

    def _emit(self, data: Any) -> None:
        self._blob.update(data)
        self._size += len(data)
        self._output.write(data)
