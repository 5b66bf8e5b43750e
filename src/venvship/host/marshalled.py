"""Plain values in files that this user alone can write. Only the interpreter's own modules are imported for it."""

from __future__ import annotations

import marshal
import os
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CHECK_BYTES = 4
_MAX_BYTES = 512 << 20


def packed(magic: bytes, value: Any) -> bytes:
    """Plain values as the bytes of a file."""
    data = marshal.dumps(value)
    return magic + zlib.crc32(data).to_bytes(_CHECK_BYTES, "little") + data


def unpacked(magic: bytes, data: bytes) -> object:
    """What `packed` was given; None for anything else, such as a file that was cut off."""
    head = len(magic) + _CHECK_BYTES
    view = memoryview(data)
    if view[: len(magic)] != magic or view[len(magic) : head] != zlib.crc32(view[head:]).to_bytes(
        _CHECK_BYTES, "little"
    ):
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
