from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest
from elf_files import elf
from hypothesis import given
from hypothesis import strategies as st

from venvship.archives.elf import (
    ElfFacts,
    MalformedElf,
    OwnCall,
    is_elf,
    read_elf,
    read_own_calls,
    read_symbol_versions,
)

LIBRARY = ((1, "libc.so.6"), (1, "libm.so.6"), (14, "libx.so.1"), (29, "$ORIGIN/../lib:/opt/lib"))


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_dynamic_section_is_read_in_every_class_and_byte_order(bits: int, order: str) -> None:
    facts = read_elf(elf(*LIBRARY, bits=bits, order=order, interpreter="/lib64/ld.so"))
    assert facts.needed == ("libc.so.6", "libm.so.6")
    assert facts.soname == "libx.so.1"
    assert facts.runpaths == ("$ORIGIN/../lib", "/opt/lib")
    assert facts.rpaths == ()
    assert facts.interpreter == "/lib64/ld.so"
    assert (facts.machine, facts.is_64) == ("x86_64", bits == 64)


def test_a_search_path_says_where_its_bytes_are() -> None:
    data = elf(*LIBRARY, (15, "/old"))
    facts = read_elf(data)
    for string in (*facts.runpath_strings, *facts.rpath_strings):
        assert data[string.offset :].startswith(string.text.encode() + b"\0")
    assert facts.rpaths == ("/old",)


NEEDS = {"libc.so.6": ("GLIBC_2.38", "GLIBC_2.4"), "libz.so.1": ("ZLIB_1.2",)}


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_versions_of_symbols_are_read_in_every_class_and_byte_order(bits: int, order: str) -> None:
    found = read_symbol_versions(elf(*LIBRARY, bits=bits, order=order, needs=NEEDS, has=("libx.so.1", "X_1", "X_2")))
    assert found.needed == NEEDS
    assert found.defined == ("libx.so.1", "X_1", "X_2")


def test_a_file_without_versions_of_symbols_has_none() -> None:
    found = read_symbol_versions(elf(*LIBRARY))
    assert (found.needed, found.defined) == ({}, ())


def test_the_versions_that_the_running_interpreter_needs_are_readable() -> None:
    data = Path(sys.executable).read_bytes()
    if is_elf(data[:4]):
        assert any(
            name.startswith("GLIBC_2.") for name in read_symbol_versions(data).needed.get("libc.so.6", ["GLIBC_2."])
        )


@given(st.data())
def test_damaged_versions_lead_to_facts_or_a_refusal(data: st.DataObject) -> None:
    damaged = bytearray(elf(*LIBRARY, needs=NEEDS, has=("libx.so.1", "X_1")))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(4, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MalformedElf):
        read_symbol_versions(bytes(damaged))


def test_a_file_without_names_has_no_facts_but_its_machine() -> None:
    assert read_elf(elf()) == ElfFacts("x86_64", True)


def test_the_running_interpreter_is_readable() -> None:
    data = Path(sys.executable).read_bytes()
    if is_elf(data[:4]):
        assert read_elf(data).needed


def test_a_reader_is_asked_for_little_of_a_big_file() -> None:
    data = elf(*LIBRARY) + bytes(1 << 20)
    asked: list[int] = []

    class Reader:
        def read_at(self, offset: int, size: int) -> bytes:
            asked.append(size)
            return data[offset : offset + size]

    assert read_elf(Reader()) == read_elf(data)
    assert sum(asked) < 8192


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "needs 16 bytes"),
        (b"#!/bin/sh, and more text", "no magic number"),
        (b"\x7fELF" + bytes(12), "unknown class"),
        (b"\x7fELF\x02\x01" + bytes(10), "needs 48 bytes"),
    ],
)
def test_what_is_no_elf_file_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedElf, match=reason):
        read_elf(data)


@given(st.data())
def test_no_damage_leads_to_anything_but_facts_or_a_refusal(data: st.DataObject) -> None:
    damaged = bytearray(elf(*LIBRARY, interpreter="/lib64/ld.so"))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(4, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    for candidate in (bytes(damaged), bytes(damaged[:cut])):
        with contextlib.suppress(MalformedElf):
            read_elf(candidate)


FUNCTION, WEAK, CHOSEN, DATA = 0x12, 0x22, 0x1A, 0x11


@pytest.mark.parametrize(("machine", "jump_slot"), [(62, 7), (183, 1026)])
def test_calls_of_functions_that_the_library_has_are_told_by_their_slots(machine: int, jump_slot: int) -> None:
    calls = [(FUNCTION, 0, 0), (FUNCTION, 9, 0x1234), (WEAK, 9, 0x20), (CHOSEN, 9, 0x30), (DATA, 9, 0x40)]
    calls += [(FUNCTION, 0xFFF1, 0x50), (FUNCTION, 3, 0x5678)]
    data = elf(*LIBRARY, machine=machine, calls=calls, jump_slot=jump_slot)
    slots = len(data) - 8 * len(calls)
    assert read_own_calls(data) == (OwnCall(slots + 8, 0x1234), OwnCall(slots + 48, 0x5678))


@pytest.mark.parametrize("data", [elf(*LIBRARY), elf(calls=[(FUNCTION, 9, 8)], machine=22), elf(bits=32), elf()])
def test_other_files_have_no_calls_of_their_own(data: bytes) -> None:
    assert read_own_calls(data) == ()


@pytest.mark.parametrize("end", range(17, 120, 7))
def test_a_library_that_is_cut_off_within_its_calls_is_malformed(end: int) -> None:
    data = elf(calls=[(FUNCTION, 9, 8), (FUNCTION, 9, 16)])
    with pytest.raises(MalformedElf):
        read_own_calls(data[:-end])
