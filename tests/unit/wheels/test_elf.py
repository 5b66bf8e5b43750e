from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.wheels.archive import BytesAccess
from venvship.wheels.elf import read_elf
from venvship.wheels.library import LibraryFacts


def elf(
    needed: list[str], *, runpath: str | None = None, rpath: str | None = None, wide: bool = True, order: str = "<"
) -> bytes:
    """A file with one loaded segment, which holds a dynamic section and its strings, at addresses 0x1000 above."""
    strings = b"\0"
    entries: list[tuple[int, int]] = []
    for tag, text in [*((1, name) for name in needed), (29, runpath), (15, rpath)]:
        if text is not None:
            entries.append((tag, len(strings)))
            strings += text.encode() + b"\0"
    header_size, segment_size = (64, 56) if wide else (52, 32)
    start = header_size + 2 * segment_size
    entry = struct.Struct(order + ("qQ" if wide else "iI"))
    table = start + entry.size * (len(entries) + 3)
    entries += [(5, table + 0x1000), (10, len(strings)), (0, 0)]
    dynamic = b"".join(entry.pack(*pair) for pair in entries)
    end = table + len(strings)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    if wide:
        header = struct.pack(order + "16sHHIQQQIHHHHHH", ident, 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
        segments = struct.pack(order + "IIQQQQQQ", 1, 5, 0, 0x1000, 0x1000, end, end, 1)
        segments += struct.pack(order + "IIQQQQQQ", 2, 6, start, start + 0x1000, 0, len(dynamic), len(dynamic), 1)
    else:
        header = struct.pack(order + "16sHHIIIIIHHHHHH", ident, 3, 3, 1, 0, 52, 0, 0, 52, 32, 2, 0, 0, 0)
        segments = struct.pack(order + "IIIIIIII", 1, 0, 0x1000, 0x1000, end, end, 5, 1)
        segments += struct.pack(order + "IIIIIIII", 2, start, start + 0x1000, 0, len(dynamic), len(dynamic), 6, 1)
    return header + segments + dynamic + strings


def facts(data: bytes, path: str = "pkg/sub/m.so") -> LibraryFacts | None:
    return read_elf(BytesAccess(data), path=path)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_needed_libraries_and_search_path_are_read(wide: bool, order: str) -> None:
    data = elf(["libm.so.6", "libx.so"], runpath="/opt/lib:$ORIGIN/../../x.libs:$ORIGIN", wide=wide, order=order)
    assert facts(data) == LibraryFacts(
        needed=("libm.so.6", "libx.so"),
        search=("/opt/lib", "$ORIGIN/../../x.libs", "$ORIGIN"),
        origin_directories=("pkg/sub", "x.libs"),
    )


def test_rpath_counts_only_without_runpath() -> None:
    both = facts(elf([], runpath="$ORIGIN/a", rpath="$ORIGIN/b"))
    only = facts(elf([], rpath="${ORIGIN}/b"))
    assert both is not None
    assert only is not None
    assert both.origin_directories == ("pkg/sub/a",)
    assert only.origin_directories == ("pkg/sub/b",)


def test_a_search_path_may_leave_site_packages() -> None:
    found = facts(elf([], runpath="$ORIGIN/../../../lib:$ORIGINAL/x:$ORIGIN/../.."))
    assert found is not None
    assert found.origin_directories == (".", "../lib")


def test_a_static_program_asks_for_nothing() -> None:
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01" + bytes(9), 2, 62, 1, 0, 64, 0, 0, 64, 56, 0, 0, 0, 0
    )
    assert facts(header) is None


@given(st.binary(max_size=200), st.integers(0, 400))
def test_damaged_files_have_no_facts_and_raise_nothing(noise: bytes, position: int) -> None:
    whole = elf(["liba.so"], runpath="$ORIGIN/a")
    facts(whole[:position] + noise + whole[position + len(noise) :])
    facts(whole[:position])
