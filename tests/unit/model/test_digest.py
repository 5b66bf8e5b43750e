from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.model.digest import Digest


@given(st.binary(max_size=100))
def test_a_digest_names_hash_and_size_and_is_read_back(data: bytes) -> None:
    digest = Digest.of(data)
    assert str(digest) == f"{hashlib.sha256(data).hexdigest()}/{len(data)}"
    assert Digest.parse(str(digest)) == digest


@pytest.mark.parametrize(
    "text", ["", "/1", "a" * 64, "a" * 63 + "/1", "A" * 64 + "/1", "a" * 64 + "/-1", "g" * 64 + "/1"]
)
def test_a_malformed_digest_cannot_exist(text: str) -> None:
    with pytest.raises(ValueError, match="malformed digest"):
        Digest.parse(text)
