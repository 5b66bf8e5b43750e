"""Blobs as read-only files, which outputs are hard links of.

`ab/<sha256>` holds a blob with mode 0444, `ab/<sha256>x` the same with mode 0555; each is made when it is first asked
for. A file's modification time is computed from its digest. That serves twice: whoever writes into a hard link of a
blob changes its time, so that the blob is found to be broken with one `stat`; and two contents of one length never
share a time, which Python's bytecode files rely upon.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path

from venvship.blobs.store import DigestMismatch, MissingBlob
from venvship.errors import InternalError
from venvship.host.files import (
    disk_problems,
    link_or_copy,
    temporary_directory,
    temporary_name,
)
from venvship.host.new_files import READ_ONLY, READ_ONLY_EXECUTABLE
from venvship.model.digest import Digest

_EPOCH = 946_684_800  # 2000-01-01, later than what any archive format calls the beginning of time
_SPAN = 10 * 365 * 86_400
_CHUNK = 1 << 20


def blob_time(digest: Digest) -> int:
    """The modification time, in whole seconds, of every file that holds the blob."""
    return _EPOCH + int(digest.sha256[:12], 16) % _SPAN


def digest_of_file(path: str | Path) -> Digest:
    """Hash a file of any size."""
    hasher = hashlib.sha256()
    size = 0
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
            size += len(chunk)
    return Digest(hasher.hexdigest(), size)


class DiskBlobStore:
    """A BlobStore in a directory, shared by all workspaces and processes of a user.

    Every file appears by a rename or a link, so that a killed process leaves whole blobs and temporary files only.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._root = str(directory)

    @functools.cached_property
    def _temporary(self) -> str:
        return temporary_directory(self._root, now=time.time())

    def read(self, digest: Digest) -> bytes:
        data = self._path_of(digest).read_bytes()
        if Digest.of(data) != digest:
            self._drop(digest)
            raise MissingBlob(digest)
        return data

    def write(self, digest: Digest, data: bytes) -> None:
        actual = Digest.of(data)
        if actual != digest:
            raise DigestMismatch(digest, actual)
        if self.has(digest):
            return
        with disk_problems(self._root):
            temporary = temporary_name(self._temporary)
            try:
                with open(temporary, "xb", buffering=0) as file:
                    view = memoryview(data)
                    while view:
                        view = view[file.write(view) :]
                self._install(temporary, digest, executable=False)
            except BaseException:
                _unlink(temporary)
                raise

    def find_missing(self, digests: Iterable[Digest]) -> frozenset[Digest]:
        return frozenset(digest for digest in digests if not self.has(digest))

    def has(self, digest: Digest) -> bool:
        return self._holds(digest, executable=False) or self._holds(digest, executable=True)

    def path_of(self, digest: Digest) -> Path:
        """A read-only file with the blob's bytes, for programs that want a path; raises MissingBlob."""
        return self._path_of(digest)

    def adopt(self, file: str | Path, *, executable: bool = False) -> Digest:
        """Take over a regular file without copying it; `file` is gone afterwards. Its directory must be on the
        store's file system for that, else it is copied."""
        status = os.lstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise InternalError(f"`{file}` is no regular file and can't become a blob")
        if status.st_nlink > 1:
            # The other names of the file may be somebody's source; their mode and time are not ours to change.
            digest = self.add(file, executable=executable)
            _unlink(file)
            return digest
        digest = digest_of_file(file)
        if self._holds(digest, executable=executable):
            _unlink(file)
            return digest
        with disk_problems(self._root):
            try:
                self._install(str(file), digest, executable=executable)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                temporary = self._copy(file)
                self._install(temporary, digest, executable=executable)
                _unlink(file)
        return digest

    def add(self, file: str | Path, *, executable: bool = False) -> Digest:
        """Keep a copy of a file that stays where it is."""
        digest = digest_of_file(file)
        if not self._holds(digest, executable=executable):
            temporary = self._copy(file)
            # The file may have changed since it was hashed.
            return self.adopt(temporary, executable=executable)
        return digest

    def link_to(self, digest: Digest, path: str | Path, *, executable: bool = False) -> None:
        """Make the new path `path` a hard link of the blob, or a copy where links can't be made.

        Raises MissingBlob, and FileExistsError when something is at `path`.
        """
        self._ensure(digest, executable=executable)
        with disk_problems(path):
            link_or_copy(self._file(digest, executable), path)

    def _file(self, digest: Digest, executable: bool) -> str:
        return f"{self._root}/{digest.sha256[:2]}/{digest.sha256}{'x' if executable else ''}"

    def _holds(self, digest: Digest, *, executable: bool) -> bool:
        path = self._file(digest, executable)
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return False
        # What somebody wrote into, through one of its links, is no blob; writing the blob again replaces it.
        return (
            status.st_size == digest.size_bytes
            and status.st_mtime_ns == blob_time(digest) * 1_000_000_000
            and stat.S_IMODE(status.st_mode) == (READ_ONLY_EXECUTABLE if executable else READ_ONLY)
            and stat.S_ISREG(status.st_mode)
        )

    def _path_of(self, digest: Digest) -> Path:
        for executable in (False, True):
            if self._holds(digest, executable=executable):
                return Path(self._file(digest, executable))
        raise MissingBlob(digest)

    def _ensure(self, digest: Digest, *, executable: bool) -> None:
        if self._holds(digest, executable=executable):
            return
        # Permission bits belong to the file, not to its name: the other twin must be copied.
        if not self._holds(digest, executable=not executable):
            raise MissingBlob(digest)
        with disk_problems(self._root):
            temporary = self._copy(self._file(digest, not executable))
            actual = digest_of_file(temporary)
            if actual != digest:
                _unlink(temporary)
                self._drop(digest)
                raise MissingBlob(digest)
            self._install(temporary, digest, executable=executable)

    def _copy(self, file: str | Path) -> str:
        temporary = temporary_name(self._temporary)
        try:
            with disk_problems(self._root), open(file, "rb") as source, open(temporary, "xb") as target:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)
        except BaseException:
            _unlink(temporary)
            raise
        return temporary

    def _install(self, temporary: str, digest: Digest, *, executable: bool) -> None:
        target = self._file(digest, executable)
        seconds = blob_time(digest)
        os.utime(temporary, (seconds, seconds), follow_symlinks=False)
        os.chmod(temporary, READ_ONLY_EXECUTABLE if executable else READ_ONLY)
        try:
            os.rename(temporary, target)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.rename(temporary, target)

    def _drop(self, digest: Digest) -> None:
        for executable in (False, True):
            _unlink(self._file(digest, executable))


def _unlink(path: str | Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
