from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.blobs.disk import DiskBlobStore
from venvship.blobs.memory import MemoryBlobStore
from venvship.blobs.store import BlobStore, DigestMismatch, MissingBlob
from venvship.model.digest import Digest


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return MemoryBlobStore() if request.param == "memory" else DiskBlobStore(tmp_path)


def test_every_store_keeps_what_it_is_given(store: BlobStore) -> None:
    one, two = Digest.of(b"one"), Digest.of(b"")
    store.write(one, b"one")
    store.write(two, b"")
    store.write(one, b"one")
    assert (store.read(one), store.read(two)) == (b"one", b"")
    other = Digest.of(b"other")
    assert store.find_missing([one, two, other]) == {other}
    with pytest.raises(MissingBlob):
        store.read(other)
    with pytest.raises(DigestMismatch):
        store.write(other, b"one")
    # The same hash with another size is another blob, and no blob at all.
    assert store.find_missing([Digest(one.sha256, 4)]) == {Digest(one.sha256, 4)}
    assert store.find_missing([one]) == frozenset()


@given(st.lists(st.binary(max_size=20)))
def test_what_was_written_is_read(blobs: list[bytes]) -> None:
    store = MemoryBlobStore()
    for data in blobs:
        store.write(Digest.of(data), data)
    assert [store.read(Digest.of(data)) for data in blobs] == blobs
