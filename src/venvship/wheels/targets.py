"""How a target of a lock file is written in words: `linux-x86_64`, with the version of its C library where it matters.

The customary versions that `Platform.parse` gives can be said precisely: `linux-x86_64-glibc2.28`,
`linux-aarch64-musl1.2`, `macos-arm64-14.0`. The triples of other tools are read too.
"""

from __future__ import annotations

import re
from typing import Final

from venvship.model.platform import Libc, Os, Platform

_TRIPLES: Final = {
    "x86_64-unknown-linux-gnu": "linux-x86_64",
    "aarch64-unknown-linux-gnu": "linux-aarch64",
    "x86_64-unknown-linux-musl": "linux-x86_64-musl1.2",
    "aarch64-unknown-linux-musl": "linux-aarch64-musl1.2",
    "x86_64-apple-darwin": "macos-x86_64",
    "aarch64-apple-darwin": "macos-arm64",
}
_PRECISE: Final = re.compile(
    r"(?P<plain>(?:linux|macos|darwin)[-_](?:x86_64|amd64|aarch64|arm64))(?:[-_](?P<libc>glibc|musl)?(?P<version>\d{1,4}[._]\d{1,4}))?",
    re.ASCII,
)
_TAG: Final = re.compile(r"(?P<cpu>x86_64|aarch64)-(?P<libc>many|musl)linux_(?P<version>\d{1,4}_\d{1,4})", re.ASCII)


def parse_target_platform(text: str) -> Platform:
    """Read a platform of a target; raises ValueError for one that nothing is chosen for.

    >>> parse_target_platform("linux-x86_64-glibc2.28").libc_version
    (2, 28)
    """
    words = _TRIPLES.get(text.lower(), text.lower())
    if (tag := _TAG.fullmatch(words)) is not None:
        libc = {"many": "glibc", "musl": "musl"}[tag["libc"]]
        words = f"linux-{tag['cpu']}-{libc}{tag['version']}"
    match = _PRECISE.fullmatch(words)
    if match is None:
        raise ValueError(f"`{text}` is not a platform")
    plain = Platform.parse(match["plain"])
    if match["version"] is None:
        return plain
    major, minor = re.split(r"[._]", match["version"])
    libc = match["libc"]
    if (plain.os is Os.MACOS) != (libc is None):
        raise ValueError(f"`{text}` is not a platform")
    kind = plain.libc if libc is None else Libc(libc)
    return Platform(plain.os, plain.cpu, kind, (int(major), int(minor)))
