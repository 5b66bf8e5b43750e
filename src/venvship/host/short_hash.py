"""SHA-256 of a few bytes, without the library behind `hashlib`, which takes four milliseconds to load."""

from __future__ import annotations

_MODULES = ("_sha2", "_sha256", "hashlib")
"""Of CPython from 3.12 on, of older ones, and of those that are built without either."""


def short_sha256(data: bytes) -> str:
    """The digest in hexadecimal."""
    for name in _MODULES:
        try:
            module = __import__(name)
        except ImportError:
            continue
        return str(module.sha256(data).hexdigest())
    raise ImportError(_MODULES[-1])
