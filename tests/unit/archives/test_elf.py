from __future__ import annotations

import contextlib
import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.archives.elf import ElfFacts, MalformedElf, is_elf, read_elf


def elf(*names: tuple[int, str], bits: int = 64, order: str = "<", interpreter: str = "") -> bytes:
    """A shared library with the dynamic entries `names`, as small as the loader would accept it."""
    wide = bits == 64
    strings = b"\0"
    tags: list[tuple[int, int]] = []
    for tag, text in names:
        tags.append((tag, len(strings)))
        strings += text.encode() + b"\0"
    header_size, program_size, count = (64, 56, 3) if wide else (52, 32, 3)
    strings_at = header_size + program_size * count
    interpreter_at = strings_at + len(strings)
    dynamic_at = interpreter_at + len(interpreter) + 1
    base = 0x1000
    tags += [(5, base + strings_at), (10, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack(order + ("qQ" if wide else "iI"), *tag) for tag in tags)
    total = dynamic_at + len(dynamic)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    header = struct.pack(
        order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"),
        3, 62, 1, 0, header_size, 0, 0, header_size, program_size, count, 0, 0, 0,
    )  # fmt: skip

    def segment(kind: int, offset: int, size: int) -> bytes:
        address = base + offset
        if wide:
            return struct.pack(order + "IIQQQQQQ", kind, 4, offset, address, address, size, size, 1)
        return struct.pack(order + "IIIIIIII", kind, offset, address, address, size, size, 4, 1)

    interpreter_kind = 3 if interpreter else 0
    segments = segment(1, 0, total) + segment(2, dynamic_at, len(dynamic))
    segments += segment(interpreter_kind, interpreter_at, len(interpreter) + 1)
    return ident + header + segments + strings + interpreter.encode() + b"\0" + dynamic


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
