"""Source files on the disk of this machine."""

from __future__ import annotations

import os
import stat

from venvship.errors import EnvironmentProblem, UserError
from venvship.loading.files import DirectoryEntry, EntryKind

MAX_SOURCE_BYTES = 64 << 20
"""No BUILD, `.bzl` or lock file is larger; what is, was named by mistake."""


class SourceTooLarge(UserError):
    """A file that should hold a program is larger than any program."""

    def __init__(self, path: str, size: int) -> None:
        super().__init__(f"`{path}` has {size} bytes, more than the {MAX_SOURCE_BYTES} that are read as source text")


class UnreadableSource(EnvironmentProblem):
    """The operating system refuses to read a file or directory that exists."""

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(f"can't read `{path}`: {error.strerror}")


_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class DiskFiles:
    """`SourceFiles` on the real disk."""

    def read(self, path: str) -> bytes | None:
        try:
            # Without waiting: opening a pipe would otherwise block until somebody writes to it.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    return None
                if status.st_size > MAX_SOURCE_BYTES:
                    raise SourceTooLarge(path, status.st_size)
                return file.read()
        except _ABSENT:
            return None
        except OSError as error:
            if self.kind(path) is EntryKind.ABSENT:
                return None
            raise UnreadableSource(path, error) from error

    def kind(self, path: str) -> EntryKind:
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError):
            # Missing, a circle of links, a name that is too long: in each case no file is there.
            return EntryKind.ABSENT
        return _kind_of(mode)

    def list_directory(self, path: str) -> tuple[DirectoryEntry, ...]:
        try:
            with os.scandir(path) as scanned:
                entries = [
                    DirectoryEntry(entry.name, EntryKind.FILE, False)
                    if entry.is_file(follow_symlinks=False)
                    else self._entry(entry)
                    for entry in scanned
                ]
        except _ABSENT:
            return ()
        except OSError as error:
            raise UnreadableSource(path, error) from error
        # Names are distinct, so that nothing else is compared.
        return tuple(sorted(entries))

    def real_path(self, path: str) -> str:
        return os.path.realpath(path)

    def _entry(self, entry: os.DirEntry[str]) -> DirectoryEntry:
        if entry.is_symlink():
            return DirectoryEntry(entry.name, self.kind(entry.path), True)
        if entry.is_dir(follow_symlinks=False):
            return DirectoryEntry(entry.name, EntryKind.DIRECTORY, False)
        return DirectoryEntry(entry.name, EntryKind.OTHER, False)


def _kind_of(mode: int) -> EntryKind:
    if stat.S_ISREG(mode):
        return EntryKind.FILE
    return EntryKind.DIRECTORY if stat.S_ISDIR(mode) else EntryKind.OTHER
