"""Directories: what they take on a disk, how they go away, and when that is over."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Space:
    """Distinct inodes, and their blocks in megabytes."""

    inodes: int
    megabytes: float


def space_of(*directories: Path) -> Space:
    """Of directories together; a file with several names counts once, links are not followed."""
    found: dict[tuple[int, int], int] = {}
    for directory in directories:
        for path in _everything(directory):
            status = os.lstat(path)
            found[status.st_dev, status.st_ino] = status.st_blocks
    return Space(len(found), round(sum(found.values()) * 512 / 1e6, 1))


def _everything(directory: Path) -> Iterator[str]:
    for where, directories, files in os.walk(directory):
        yield where
        yield from (os.path.join(where, name) for name in [*directories, *files])


def settle() -> None:
    """Wait until everything is written. A disk that is still busy with what others left makes the next one slow."""
    os.sync()


def forget_contents(directory: Path) -> None:
    """Let the kernel forget what files hold, so that they lie elsewhere in memory when they are read again."""
    settle()
    for path in _everything(directory):
        if stat.S_ISREG(os.lstat(path).st_mode):
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def removed(directory: Path) -> None:
    """Remove a directory if it is there, though its own directories may be read-only."""
    if not os.path.lexists(directory):
        return
    for where, _, _ in os.walk(directory):
        os.chmod(where, stat.S_IRWXU)
    shutil.rmtree(directory)
