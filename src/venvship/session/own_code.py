"""Which of ourselves this is."""

from __future__ import annotations

import hashlib
import os

import venvship

_SUFFIXES = (".bzl", ".py")


def own_code() -> str:
    """Changes whenever a file of ours does. By their status: the version stays the same while we are worked on."""
    parts: list[str] = []
    waiting = list(venvship.__path__)
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name.endswith(_SUFFIXES):
                    status = entry.stat()
                    parts.append(f"{entry.path} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}")
    return hashlib.sha256("\n".join(sorted(parts)).encode("utf-8", "surrogateescape")).hexdigest()
