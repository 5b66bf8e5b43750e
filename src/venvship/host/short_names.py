"""Short names for places whose paths are long.

The path of a socket has at most 107 bytes (unix(7)); on macOS 103.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from typing import Final

_ENOUGH: Final = 60
"""What leaves room for two names that are made up, such as `pymp-12345678/listener-12345678`."""


@contextlib.contextmanager
def short_name(path: str) -> Iterator[str]:
    """A path of a directory that leaves room for names of sockets in it, as long as the block runs.

    It is a link in `/tmp`, or `path` itself where that is short or no link can be made.
    """
    link = f"/tmp/venvship-{secrets.token_hex(6)}"
    if len(os.fsencode(path)) <= _ENOUGH:
        yield path
        return
    try:
        os.symlink(path, link)
    except OSError:
        yield path
        return
    try:
        yield link
    finally:
        with contextlib.suppress(OSError):
            os.unlink(link)
