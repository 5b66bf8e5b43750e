"""What every store of blobs can do, and what a miss is called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from venvship.errors import EnvironmentProblem
from venvship.model.digest import Digest


class MissingBlob(EnvironmentProblem):
    """A store does not hold a blob, or holds something else in its place."""

    def __init__(self, digest: Digest) -> None:
        super().__init__(f"blob {digest} is not in the store", hint="run the command again; it is made anew")
        self.digest = digest


class DigestMismatch(EnvironmentProblem):
    """Bytes that were given or read as a blob are not that blob."""

    def __init__(self, expected: Digest, actual: Digest) -> None:
        super().__init__(f"blob {expected} turned out to be {actual}")
        self.expected = expected
        self.actual = actual


class BlobStore(Protocol):
    """Content-addressed storage; safe to use from several threads."""

    def read(self, digest: Digest) -> bytes:
        """The blob's bytes, checked; raises MissingBlob."""
        ...

    def write(self, digest: Digest, data: bytes) -> None:
        """Keep `data`; raises DigestMismatch when it is not what `digest` says."""
        ...

    def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]: ...
