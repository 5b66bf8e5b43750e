"""ELF files made on the spot."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence


def elf(
    *names: tuple[int, str],
    bits: int = 64,
    order: str = "<",
    interpreter: str = "",
    machine: int = 62,
    needs: Mapping[str, Sequence[str]] | None = None,
    has: Sequence[str] = (),
    calls: Sequence[tuple[int, int, int]] = (),
    jump_slot: int = 7,
) -> bytes:
    """A shared library with the dynamic entries `names`, as small as the loader would accept it.

    `needs` are versions of symbols by library, and `has` those that it defines. `calls` go through slots, which are the
    end of the file: binding and type of the symbol, its section, and its address.
    """
    wide = bits == 64
    strings = b"\0"
    tags: list[tuple[int, int]] = []
    for tag, text in names:
        tags.append((tag, len(strings)))
        strings += text.encode() + b"\0"
    places: dict[str, int] = {}
    for text in [*(needs or {}), *(version for versions in (needs or {}).values() for version in versions), *has]:
        places[text] = len(strings)
        strings += text.encode() + b"\0"
    header_size, program_size, count = (64, 56, 3) if wide else (52, 32, 3)
    strings_at = header_size + program_size * count
    interpreter_at = strings_at + len(strings)
    needed, defined = _needed(needs or {}, places, order), _defined(has, places, order)
    needed_at = interpreter_at + len(interpreter) + 1
    defined_at = needed_at + len(needed)
    dynamic_at = defined_at + len(defined)
    base = 0x1000
    symbols = bytes(24) + b"".join(struct.pack("<IBBHQQ", 0, info, 0, *place, 0) for info, *place in calls)
    size = dynamic_at + 16 * (len(tags) + 2 * bool(needs) + 2 * bool(has) + 7) if calls else 0
    slots_at = size + len(symbols) + 24 * len(calls)
    relocations = b"".join(
        struct.pack("<QIIq", base + slots_at + 8 * number, jump_slot, number + 1, 0) for number in range(len(calls))
    )
    called = symbols + relocations + bytes(8 * len(calls)) if calls else b""
    if calls:
        tags += [(6, base + size), (20, 7), (23, base + size + len(symbols)), (2, len(relocations))]
    if needs:
        tags += [(0x6FFFFFFE, base + needed_at), (0x6FFFFFFF, len(needs))]
    if has:
        tags += [(0x6FFFFFFC, base + defined_at), (0x6FFFFFFD, len(has))]
    tags += [(5, base + strings_at), (10, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack(order + ("qQ" if wide else "iI"), *tag) for tag in tags)
    total = dynamic_at + len(dynamic) + len(called)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    header = struct.pack(
        order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"),
        3, machine, 1, 0, header_size, 0, 0, header_size, program_size, count, 0, 0, 0,
    )  # fmt: skip

    def segment(kind: int, offset: int, size: int) -> bytes:
        address = base + offset
        if wide:
            return struct.pack(order + "IIQQQQQQ", kind, 4, offset, address, address, size, size, 1)
        return struct.pack(order + "IIIIIIII", kind, offset, address, address, size, size, 4, 1)

    interpreter_kind = 3 if interpreter else 0
    segments = segment(1, 0, total) + segment(2, dynamic_at, len(dynamic))
    segments += segment(interpreter_kind, interpreter_at, len(interpreter) + 1)
    return ident + header + segments + strings + interpreter.encode() + b"\0" + needed + defined + dynamic + called


def _needed(needs: Mapping[str, Sequence[str]], places: Mapping[str, int], order: str) -> bytes:
    data = b""
    for number, (library, versions) in enumerate(needs.items()):
        size = 16 * (1 + len(versions))
        data += struct.pack(
            order + "HHIII", 1, len(versions), places[library], 16, size if number + 1 < len(needs) else 0
        )
        for position, version in enumerate(versions):
            following = 16 if position + 1 < len(versions) else 0
            data += struct.pack(order + "IHHII", 0, 0, position + 2, places[version], following)
    return data


def _defined(has: Sequence[str], places: Mapping[str, int], order: str) -> bytes:
    data = b""
    for number, version in enumerate(has):
        following = 28 if number + 1 < len(has) else 0
        data += struct.pack(order + "HHHHIII", 1, 0, number + 1, 1, 0, 20, following)
        data += struct.pack(order + "II", places[version], 0)
    return data
