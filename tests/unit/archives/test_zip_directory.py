from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.archives.zip_directory import BadZip, ZipMember, content_start, path_clashes, read_directory

CONTENTS = {"a.py": b"x = 1\n" * 100, "caf\xe9/\u732b.txt": b"", "directory/": b"", "stored": b"s"}


def archive(*, comment: bytes = b"", before: bytes = b"", wide: bool = False) -> bytes:
    buffer = io.BytesIO()
    buffer.write(before)
    with zipfile.ZipFile(buffer, "a") as made:
        made.comment = comment
        for name, content in CONTENTS.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_STORED if name == "stored" else zipfile.ZIP_DEFLATED
            info.external_attr = 0o100755 << 16
            with made.open(info, "w", force_zip64=wide) as file:
                file.write(content)
    return buffer.getvalue()


def members(data: bytes) -> list[ZipMember]:
    return read_directory(lambda offset, length: data[offset : offset + length], len(data))


def as_zipfile_reads(data: bytes) -> list[tuple[object, ...]]:
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return [
            (i.orig_filename, i.flag_bits, i.compress_type, i.CRC, i.compress_size, i.file_size, i.external_attr)
            for i in opened.infolist()
        ]


@pytest.mark.parametrize(
    "data",
    [
        archive(),
        archive(comment=b"a comment with PK in it"),
        archive(comment=b"c" * 0xFFFF),
        archive(before=b"#!/bin/sh\n" * 100),
        archive(wide=True),
    ],
)
def test_members_are_those_that_the_standard_library_sees(data: bytes) -> None:
    found = members(data)
    assert [(m.path, m.flags, m.method, m.crc, m.stored_size, m.size, m.attributes) for m in found] == as_zipfile_reads(
        data
    )
    assert [m.path for m in found if m.is_directory] == ["directory/"]
    assert all(m.executable for m in found)
    [stored] = [m for m in found if m.path == "stored"]
    assert data[content_start(stored, lambda offset, length: data[offset : offset + length]) :][:1] == b"s"


def test_an_archive_of_more_than_four_gigabytes_has_long_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory of such an archive, whose content nobody has to write."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    data = archive(wide=True)
    assert b"PK\x06\x06" in data and b"PK\x06\x07" in data
    found = members(data)
    assert [(m.path, m.stored_size, m.size) for m in found] == [
        (row[0], row[4], row[5]) for row in as_zipfile_reads(data)
    ]
    assert found[-1].offset == data.rindex(b"PK\x03\x04")


def test_names_are_of_the_old_code_page_without_a_flag() -> None:
    data = archive()
    [cafe] = [m for m in members(data) if m.path.startswith("caf")]
    old = data.replace(cafe.name, b"\x82" * len(cafe.name))
    start = old.rindex(b"PK\x01\x02", 0, old.rindex(b"\x82")) + 8
    old = old[:start] + b"\0\0" + old[start + 2 :]
    assert "\xe9" * len(cafe.name) in [m.path for m in members(old)]
    with pytest.raises(BadZip, match="is no text"):
        members(data.replace(cafe.name, b"\xff" * len(cafe.name)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it has no directory"),
        (b"PK\x05\x06" + b"\xff" * 18, "begins before the file"),
        (archive().replace(b"PK\x01\x02", b"PK\x01\x03"), "its directory is damaged"),
        (archive()[:-60] + archive()[-22:], "begins before the file"),
    ],
)
def test_what_is_no_archive_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BadZip, match=reason):
        members(data)


WHOLE = archive(wide=True)


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_archive_is_read_or_refused(position: int, noise: bytes) -> None:
    damaged = WHOLE[:position] + noise + WHOLE[position + len(noise) :]
    try:
        for member in members(damaged):
            content_start(member, lambda offset, length: damaged[offset : offset + length])
    except BadZip:
        return


names = st.sampled_from(["a", "A", "b", "ß", "ss", "a.b"])


@given(st.lists(st.lists(names, min_size=1, max_size=3).map("/".join), max_size=5))
def test_paths_clash_when_folded_ones_do(paths: list[str]) -> None:
    """Told by the definition: each file, and each directory above one, has a place of its own."""
    above = {path.rsplit("/", n)[0] for path in paths for n in range(1, path.count("/") + 1)}
    places = [*paths, *above]
    assert bool(path_clashes(paths)) == (len({place.casefold() for place in places}) < len(places))
