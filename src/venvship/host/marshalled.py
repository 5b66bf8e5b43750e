"""Plain values in files that this user alone can write. Only the interpreter's own modules are imported for it."""

from __future__ import annotations

import marshal
import os
from _imp import source_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CHECK_KEY = 0x76656E76
_CHECK_BYTES = 8
_MAX_BYTES = 512 << 20


# The interpreter's hash of sources is there already; a library of checksums would have to be loaded.


def packed(magic: bytes, value: Any) -> bytes:
    """Plain values as the bytes of a file."""
    data = marshal.dumps(value)
    return magic + source_hash(_CHECK_KEY, data) + data


def unpacked(magic: bytes, data: bytes) -> object:
    """What `packed` was given; None for anything else, such as a file that was cut off."""
    head = len(magic) + _CHECK_BYTES
    view = memoryview(data)
    if view[: len(magic)] != magic or view[len(magic) : head] != source_hash(_CHECK_KEY, view[head:]):
        return None
    try:
        return marshal.loads(view[head:])
    except (EOFError, ValueError, TypeError):
        return None


def read_own(path: str) -> bytes | None:
    """The bytes of a file that only this user can write: who writes a marshalled file can do anything to its reader."""
    try:
        with open(path, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & 0o022 or status.st_size > _MAX_BYTES:
                return None
            return file.read()
    except OSError:
        return None
