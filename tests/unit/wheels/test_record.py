from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.wheels.record import MalformedRecord, RecordRow, parse_record, recorded_paths


@given(st.binary(max_size=60))
def test_any_bytes_are_a_record_or_refused(data: bytes) -> None:
    try:
        parse_record(b"a.py,," + data)
    except MalformedRecord:
        return


def test_a_row_has_path_hash_and_size() -> None:
    [row, record] = parse_record(
        b'"a,b.py",sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\r\na.dist-info/RECORD,,\r\n'
    )
    assert row == RecordRow("a,b.py", "sha256", hashlib.sha256(b"").digest(), 0)
    assert record == RecordRow("a.dist-info/RECORD")


def test_paths_are_told_with_whether_they_have_a_hash() -> None:
    data = b'"a,b.py",sha256=x,0\r\n\r\na.dist-info/RECORD,,\r\n'
    assert recorded_paths(data) == {"a,b.py": True, "a.dist-info/RECORD": False}
    with pytest.raises(MalformedRecord, match="line 2 does not have the three fields"):
        recorded_paths(data[:19] + b"\n,,")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff,,", "not readable"),
        (b"a.py", "line 1 does not have the three fields"),
        (b"a.py,,\n,,\n", "line 2 does not have the three fields"),
        (b"a.py,sha256=!!,1", "line 1 has the malformed hash"),
        (b"a.py,abc,1", "line 1 has the malformed hash"),
        (b"a.py,,-1", "line 1 has the malformed size"),
        (b'a.py,"x', "not readable"),
    ],
)
def test_what_is_not_a_record_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedRecord, match=reason):
        parse_record(data)
