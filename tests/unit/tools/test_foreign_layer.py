from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.tools.foreign_layer import describe_archive
from venvship.tools.oci_documents import ImageProblem


def archive(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as written:
        member = tarfile.TarInfo("a")
        member.size = len(content)
        written.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), ("+gzip", gzip.compress)])
def test_an_archive_of_anybodys_is_described(tmp_path: Path, suffix: str, pack: type[bytes]) -> None:
    plain = archive(b"x" * 5_000_000)
    packed = pack(plain)
    (tmp_path / "layer").write_bytes(packed)
    assert describe_archive(str(tmp_path / "layer")) == {
        "mediaType": "application/vnd.oci.image.layer.v1.tar" + suffix,
        "digest": sha256(packed),
        "size": len(packed),
        "diff_id": sha256(plain),
        "uncompressed_size": len(plain),
    }


@given(st.lists(st.integers(1, 3000), max_size=6), st.integers(0, 20))
def test_gzip_members_and_padding_are_read_to_the_end(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], padding: int
) -> None:
    plain, members, start = archive(b"some content" * 99), b"", 0
    for cut in [*cuts, len(plain)]:
        members += gzip.compress(plain[start : start + cut])
        start += cut
    path = tmp_path_factory.getbasetemp() / "members"
    path.write_bytes(members + bytes(padding))
    assert describe_archive(str(path))["diff_id"] == sha256(plain)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gzip.compress(archive(b"x" * 9000))[:-9], "can't be unpacked"),
        (gzip.compress(archive(b"x")) + b"garbage", "can't be unpacked"),
        (b"PK\x03\x04 is another format", "no tar archive"),
        (bz2.compress(archive(b"x")), "compressed with bzip2"),
    ],
    # Not the data: gzip writes the time into it, and the processes that share the tests must agree on their names.
    ids=["cut off", "with something after it", "of another format", "of another compression"],
)
def test_what_is_no_layer_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "layer").write_bytes(data)
    with pytest.raises(ImageProblem, match=reason):
        describe_archive(str(tmp_path / "layer"))
