from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.wheels.record import MalformedRecord, RecordRow, format_record, parse_record

ROWS = st.builds(
    RecordRow,
    st.text(min_size=1, max_size=20).filter(lambda path: "\0" not in path and path.isprintable()),
    st.just("sha256"),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 1 << 40),
) | st.builds(RecordRow, st.from_regex(r"\A[a-z ,\"/]{1,10}\Z"))


@given(st.lists(ROWS, max_size=5, unique_by=lambda row: row.path))
def test_what_is_written_is_read_again(rows: list[RecordRow]) -> None:
    assert parse_record(format_record(rows)) == tuple(sorted(rows, key=lambda row: row.path))


def test_a_row_has_path_hash_and_size() -> None:
    [row, record] = parse_record(
        b'"a,b.py",sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\r\na.dist-info/RECORD,,\r\n'
    )
    assert row == RecordRow("a,b.py", "sha256", hashlib.sha256(b"").digest(), 0)
    assert record == RecordRow("a.dist-info/RECORD")


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
