from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.archives.elf import is_elf, read_elf
from venvship.interpreters.stripping import stripped

PROGRAM = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
DATA = PROGRAM.read_bytes()


def test_a_program_without_its_symbols_still_runs(tmp_path: Path) -> None:
    before = DATA if is_elf(DATA) else b""
    after = stripped(before)
    assert len(after) <= len(before)
    assert stripped(after) == after
    if before:
        assert read_elf(after) == read_elf(before)
        (tmp_path / "python").write_bytes(after)
        (tmp_path / "python").chmod(0o755)
        environment = {"PYTHONHOME": sys.base_prefix}
        subprocess.run([tmp_path / "python", "-S", "-c", "import math"], env=environment, check=True)


def mapped_sections(data: bytes) -> list[tuple[object, ...]]:
    """Number, name and header of the sections that are in memory at run time."""
    offset, count, names_index = *struct.unpack_from("<Q", data, 40), *struct.unpack_from("<HH", data, 60)
    rows = [struct.unpack_from("<IIQQQQIIQQ", data, offset + number * 64) for number in range(count)]
    names = data[rows[names_index][4] :]
    return [
        (number, names[row[0] : names.index(b"\0", row[0])], *row[1:])
        for number, row in enumerate(rows)
        if row[2] & 0x2
    ]


def test_mapped_sections_keep_their_names_and_numbers() -> None:
    if is_elf(DATA):
        assert mapped_sections(stripped(DATA)) == mapped_sections(DATA)


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x02\x01" + bytes(200)])
def test_what_is_laid_out_otherwise_is_returned_as_it_is(data: bytes) -> None:
    assert stripped(data) == data


@given(st.data())
def test_no_damage_makes_it_fail_or_grow(data: st.DataObject) -> None:
    damaged = bytearray(DATA[:64] + DATA[-4096:])
    for _ in range(data.draw(st.integers(0, 8))):
        damaged[data.draw(st.integers(4, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    assert len(stripped(bytes(damaged))) <= len(damaged)
