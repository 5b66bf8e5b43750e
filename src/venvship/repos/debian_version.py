"""Which of two versions of a Debian package is newer (Debian Policy, "Version")."""

from __future__ import annotations

import re
from typing import TypeAlias

_PART = re.compile(r"([^0-9]*)([0-9]*)")

VersionKey: TypeAlias = tuple[int, tuple[tuple[tuple[int, ...], int], ...], tuple[tuple[tuple[int, ...], int], ...]]


def version_key(text: str) -> VersionKey:
    """Orders versions as dpkg does.

    >>> sorted(["1.0-1", "1.0~rc1-1", "1:0.1", "1.0+b1-1", "1.10-1", "1.9-1"], key=version_key)
    ['1.0~rc1-1', '1.0-1', '1.0+b1-1', '1.9-1', '1.10-1', '1:0.1']
    """
    epoch, colon, rest = text.partition(":")
    if not colon:
        epoch, rest = "0", text
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, ""
    return int(epoch) if epoch.isdigit() else 0, _parts(upstream), _parts(revision)


def _parts(text: str) -> tuple[tuple[tuple[int, ...], int], ...]:
    # Nothing at all is the same as a zero.
    found = [(_weights(word), int(digits or "0")) for word, digits in _PART.findall(text or "0") if word or digits]
    return (*found, (_weights(""), 0))


def _weights(word: str) -> tuple[int, ...]:
    """A tilde sorts before the end of the word, letters before everything else."""
    return (*(-1 if c == "~" else ord(c) + (0 if c.isalpha() else 256) for c in word), 0)
