"""Binds the calls that a shared library makes to its own functions.

Such calls go through slots that the loader fills when each is used for the first time, with what it finds under the
function's name: about five hundred times at the start of an interpreter that does nothing. Until then a slot holds the
address of code that asks the loader, to which the loader adds the place of the library, and no more. Holding the
address of the function instead, a slot leads there from the beginning. A loader that fills all slots at once, as
`LD_BIND_NOW` and musl have it, writes over them.

What is lost is that another library could take the place of one of these functions (`LD_PRELOAD`), as it is where the
maker of an interpreter has linked it with `-Bsymbolic-functions`.
"""

from __future__ import annotations

import struct
from typing import Final

from venvship.archives.elf import read_own_calls

_ADDRESS: Final = struct.Struct("<Q")


def bound(data: bytes) -> bytes:
    """The library `data` with its own functions in their slots; raises MalformedElf."""
    edited = bytearray(data)
    for call in read_own_calls(data):
        if call.place + _ADDRESS.size <= len(edited):
            _ADDRESS.pack_into(edited, call.place, call.address)
    return bytes(edited)
