from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from venvship.wheels.archive import BytesAccess
from venvship.wheels.library import LibraryFacts
from venvship.wheels.macho import read_macho


def command(kind: int, text: str, *, text_offset: int) -> bytes:
    body = text.encode() + b"\0"
    body += bytes(-(text_offset + len(body)) % 8)
    return struct.pack("<3I", kind, text_offset + len(body), text_offset) + bytes(text_offset - 12) + body


def macho(*, rpaths: list[str], libraries: list[str]) -> bytes:
    commands = [command(0xC, name, text_offset=24) for name in libraries]
    commands += [command(0x8000001C, path, text_offset=12) for path in rpaths]
    data = b"".join(commands)
    return struct.pack("<4s7I", b"\xcf\xfa\xed\xfe", 0x0100000C, 0, 6, len(commands), len(data), 0, 0) + data


THIN = macho(
    rpaths=["@loader_path/../a.libs", "/usr/lib"], libraries=["@loader_path/../.dylibs/libx.dylib", "libz.dylib"]
)
EXPECTED = LibraryFacts(
    needed=("@loader_path/../.dylibs/libx.dylib", "libz.dylib"),
    search=("/usr/lib", "@loader_path/../a.libs"),
    origin_directories=(".dylibs", "a.libs"),
)


def test_search_paths_and_libraries_are_read() -> None:
    assert read_macho(BytesAccess(THIN), path="pkg/m.so") == EXPECTED


def test_the_slices_of_a_universal_file_are_read_together() -> None:
    start = 8 + 2 * 20
    fat = struct.pack(">4sI", b"\xca\xfe\xba\xbe", 2)
    fat += struct.pack(">5I", 7, 3, start, len(THIN), 0) + struct.pack(">5I", 12, 0, start + len(THIN), len(THIN), 0)
    assert read_macho(BytesAccess(fat + THIN + THIN), path="pkg/m.so") == EXPECTED


def test_a_class_file_of_java_is_no_library() -> None:
    assert read_macho(BytesAccess(b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(100)), path="a") is None


@given(st.binary(max_size=60), st.integers(0, 200))
def test_damaged_files_raise_nothing(noise: bytes, position: int) -> None:
    read_macho(BytesAccess(THIN[:position] + noise + THIN[position + len(noise) :]), path="a")
    read_macho(BytesAccess(THIN[:position]), path="a")
