from __future__ import annotations

import io
import random
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wheel_building import zip_bytes

from venvship.wheels.archive import BytesAccess, MalformedWheel, WheelArchive

_RANDOM = random.Random(1)
LARGE = b"".join(_RANDOM.randbytes(40_000) + bytes(260_000) for _ in range(20))
PACKED = zip_bytes({"large.so": LARGE, "small": b"small"})


def opened(data: bytes) -> WheelArchive:
    return WheelArchive(BytesAccess(data), name="a-1.0-py3-none-any.whl")


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, len(LARGE) + 10), st.integers(0, 3 << 20)), max_size=6))
def test_a_compressed_member_is_read_anywhere_and_in_any_order(parts: list[tuple[int, int]]) -> None:
    member = opened(PACKED).access("large.so")
    assert member.size == len(LARGE)
    for offset, length in parts:
        assert member.read_at(offset, length) == LARGE[offset : offset + length]


def test_a_stored_member_ends_where_it_ends() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a", b"abc")
        archive.writestr("b", b"xyz")
    member = opened(buffer.getvalue()).access("a")
    assert (member.read_at(1, 100), member.read_at(3, 1), member.read_at(9, 1)) == (b"bc", b"", b"")


@pytest.mark.parametrize("claimed", [len(LARGE) + 1, len(LARGE) * 2])
def test_a_member_that_is_shorter_than_declared_is_damaged(claimed: int) -> None:
    start = PACKED.index(b"PK\x01\x02") + 24
    lying = PACKED[:start] + struct.pack("<I", claimed) + PACKED[start + 4 :]
    member = opened(lying).access("large.so")
    assert member.read_at(0, 4) == LARGE[:4]
    with pytest.raises(MalformedWheel, match=r"`large.so` is damaged: its size is not what it declares"):
        member.read_at(claimed - 4, 4)


def test_what_is_not_deflated_data_is_damaged() -> None:
    start = PACKED.index(b"large.so") + len(b"large.so")
    damaged = PACKED[:start] + b"\xff" * 100 + PACKED[start + 100 :]
    with pytest.raises(MalformedWheel, match=r"`large.so` is damaged"):
        opened(damaged).access("large.so").read_at(0, 4)


def test_of_very_many_problems_twenty_are_told() -> None:
    told = str(MalformedWheel("x.whl", [f"`{number}` is bad" for number in range(25)]))
    assert "  `19` is bad\n  and 5 more\n" in told
    assert "`20`" not in told
    assert "more" not in str(MalformedWheel("x.whl", ["`0` is bad"] * 20))
