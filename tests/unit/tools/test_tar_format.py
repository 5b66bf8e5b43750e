from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from venvship.tools.tar_format import DIRECTORY, END, FILE, LINK, UnusableName, header, padding

SEGMENT = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=130).filter(
    lambda text: text not in (".", "..")
)
PATH = st.lists(SEGMENT, min_size=1, max_size=6).map("/".join)


def read(*blocks: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(blocks) + END), mode="r:") as archive:
        return archive.getmembers()


@given(PATH, st.binary(max_size=1100), st.booleans())
@example("a" * 100, b"", False)
@example("a" * 155 + "/" + "b" * 100, b"x", True)
@example("a" * 156 + "/" + "b" * 100, b"x", True)
@example("é" * 20, b"x", True)
def test_a_file_is_read_back_as_it_was_written(path: str, content: bytes, executable: bool) -> None:
    mode = 0o755 if executable else 0o644
    [member] = read(header(FILE, path, mode=mode, size=len(content)), content, padding(len(content)))
    assert (member.name, member.size, member.mode, member.isreg()) == (path, len(content), mode, True)


@given(PATH, PATH)
def test_a_link_keeps_its_text(path: str, text: str) -> None:
    [member] = read(header(LINK, path, mode=0o777, link=text))
    assert (member.name, member.linkname, member.issym()) == (path, text, True)


@given(PATH)
@example("a" * 154 + "/" + "b" * 99)
@example("a" * 154 + "/" + "b" * 100)
def test_a_directory_is_read_back(path: str) -> None:
    [member] = read(header(DIRECTORY, path, mode=0o755))
    assert (member.name.rstrip("/"), member.isdir()) == (path, True)


@pytest.mark.parametrize("number", [0, 0o7777777, 0o7777777 + 1, 1 << 31])
def test_owners_of_any_size_are_kept(number: int) -> None:
    [member] = read(header(FILE, "a", mode=0o644, uid=number, gid=number))
    assert (member.uid, member.gid) == (number, number)


NAME = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)


@given(NAME, NAME)
@example("a" * 31, "b" * 32)
def test_names_of_owners_are_kept(user: str, group: str) -> None:
    [member] = read(header(FILE, "a", mode=0o644, uname=user, gname=group))
    assert (member.uname, member.gname) == (user, group)


def test_a_file_larger_than_an_octal_field_has_its_size_in_a_pax_record() -> None:
    blocks = header(FILE, "big", mode=0o644, size=9 << 30)
    assert b"19 size=9663676416\n" in blocks


def test_a_plain_entry_takes_one_block() -> None:
    assert len(header(FILE, "lib/python3.12/site-packages/six.py", mode=0o644, size=10, mtime=1)) == 512


@pytest.mark.parametrize("name", ["a\0b", "\udcff"])
def test_a_name_that_no_archive_can_carry_is_refused(name: str) -> None:
    with pytest.raises(UnusableName):
        header(FILE, name, mode=0o644)
    with pytest.raises(UnusableName):
        header(LINK, "a", mode=0o777, link=name)
