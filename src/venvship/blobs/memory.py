"""Blobs in memory: for dry runs and tests."""

from __future__ import annotations

from collections.abc import Iterable

from venvship.blobs.store import DigestMismatch, MissingBlob
from venvship.model.digest import Digest


class MemoryBlobStore:
    """A BlobStore that forgets everything when it goes."""

    def __init__(self) -> None:
        self._blobs: dict[Digest, bytes] = {}

    def read(self, digest: Digest) -> bytes:
        try:
            return self._blobs[digest]
        except KeyError:
            raise MissingBlob(digest) from None

    def write(self, digest: Digest, data: bytes) -> None:
        actual = Digest.of(data)
        if actual != digest:
            raise DigestMismatch(digest, actual)
        self._blobs[digest] = data

    def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]:
        return frozenset(digest for digest in digests if digest not in self._blobs)
