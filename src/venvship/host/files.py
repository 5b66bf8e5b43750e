"""Files and directories: appearing whole, being linked, being removed.

Nothing here calls `fsync`. Everything below the user's cache directory can be made again, every store checks what it
hands out, and a process that is killed loses nothing it has renamed into place; only a power cut may leave a file
short, which the check finds.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from venvship.errors import EnvironmentProblem
from venvship.host.machine import SYSTEM
from venvship.host.new_files import write_new

_DAY = 86_400.0
_SMALL_FILE = 64 << 10
_serial = itertools.count()


class NoSpaceLeft(EnvironmentProblem):
    """A file system is full, or the user's quota is."""

    def __init__(self, path: str | None) -> None:
        """`path` may not be known: what writes does not say where."""
        super().__init__(
            "no space left on " + ("a device" if path is None else f"the device that holds `{path}`"),
            hint="free some space, or put the state elsewhere with `--output_user_root`",
        )
        self.path = path


class NotWritable(EnvironmentProblem):
    """A place that must be written can't be."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"can't write `{path}`: {reason}",
            hint="make it writable, or put the state elsewhere with `--output_user_root`",
        )
        self.path = path


def is_full(path: str | Path) -> bool:
    """Whether the file system of `path` has no room for even a small file."""
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize < _SMALL_FILE


@contextlib.contextmanager
def disk_problems(path: str | Path) -> Iterator[None]:
    """Say full and read-only disks in the user's words; other errors rise as they are."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpaceLeft(str(path)) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise NotWritable(str(path), os.strerror(error.errno)) from error
        raise


def temporary_name(directory: str | Path) -> str:
    """A path in `directory` that no other process and no other call gets; nothing is created."""
    return f"{directory}/{os.getpid()}-{next(_serial)}-{os.urandom(4).hex()}"


def write_atomically(path: str | Path, data: bytes, *, mode: int = 0o644, beside: str | Path | None = None) -> None:
    """Make `path` hold `data`, whole or not at all; the temporary file lies in `beside` or in the same directory."""
    target = str(path)
    with disk_problems(target):
        temporary = temporary_name(beside if beside is not None else os.path.dirname(target))
        try:
            write_new(temporary, data, mode)
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def read_tail(path: str | Path, limit: int) -> bytes:
    """The last `limit` bytes of a file that may be of any size."""
    with open(path, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - limit))
        return file.read()


def link_or_copy(source: str | Path, target: str | Path) -> bool:
    """Hard link `source` to the new path `target`; copy where links can't be made. True when it is a link."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        # Another device, too many links, or a file system (or a kernel's protection) that refuses links.
        if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP):
            raise
        copy_file(source, target)
        return False
    return True


def copy_file(source: str | Path, target: str | Path) -> None:
    """Copy content, permission bits and times of a regular file; `target` appears whole or not at all."""
    temporary = temporary_name(os.path.dirname(target))
    try:
        shutil.copy2(source, temporary, follow_symlinks=False)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def remove(path: str | Path) -> None:
    """Remove a file, a link or a whole directory, read-only directories included; links are never followed.

    Nothing there is fine.
    """
    try:
        os.unlink(path)
        return
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        # macOS says EPERM for a directory; a file in a read-only directory says EACCES and is seen below.
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise
    pending = [str(path)]
    directories: list[str] = []
    # An explicit stack: a hostile tree is deeper than Python's.
    while pending:
        directory = pending.pop()
        directories.append(directory)
        try:
            entries = list(os.scandir(directory))
        except PermissionError:
            os.chmod(directory, 0o700)
            entries = list(os.scandir(directory))
        writable = False
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            else:
                try:
                    os.unlink(entry.path)
                except PermissionError:
                    os.chmod(directory, 0o700)
                    writable = True
                    os.unlink(entry.path)
        if not writable:
            with contextlib.suppress(PermissionError):
                os.chmod(directory, 0o700)
    for directory in reversed(directories):
        os.rmdir(directory)


def replace(new: str | Path, path: str | Path, *, trash: str | Path) -> None:
    """Put `new` at `path`, whatever kind of thing is there; what was there ends up in the directory `trash` or gone.

    A reader sees the old or the new thing; where the system can't swap two directories, none for a moment.
    """
    try:
        os.replace(new, path)
        # Renaming one hard link of a file over another does nothing, and leaves `new` behind.
        if os.path.lexists(new):
            os.unlink(new)
        return
    except (IsADirectoryError, NotADirectoryError):
        pass
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    old = temporary_name(trash)
    if _swap(str(new), str(path)):
        os.rename(new, old)
    else:
        os.rename(path, old)
        os.rename(new, path)
    remove(old)


def _swap(first: str, second: str) -> bool:
    """Exchange two paths in one step; False when this system or file system can't."""
    if SYSTEM == "Linux":
        return _libc_call("renameat2", -100, first, -100, second, 2)
    if SYSTEM == "Darwin":
        return _libc_call("renamex_np", first, second, 2)
    return False


def _libc_call(name: str, *arguments: int | str) -> bool:
    import ctypes  # Loaded by need: most commands replace no directory.

    try:
        function = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError):
        return False
    values = [os.fsencode(a) if isinstance(a, str) else ctypes.c_int(a) for a in arguments]
    return bool(function(*values) == 0)


def remove_stale(directory: str | Path, *, older_than_seconds: float, now: float) -> None:
    """Remove what killed processes left in a directory of temporary files."""
    with contextlib.suppress(FileNotFoundError):
        for entry in list(os.scandir(directory)):
            with contextlib.suppress(FileNotFoundError):
                if now - entry.stat(follow_symlinks=False).st_mtime > older_than_seconds:
                    remove(entry.path)


def temporary_directory(store: str, *, now: float) -> str:
    """The directory beside the entries of a store where they are prepared; what is a day old there is removed.

    To be asked for when something is first written: what is there can be read from a disk that is read-only.
    """
    directory = f"{store}/tmp"
    with disk_problems(store):
        os.makedirs(directory, exist_ok=True)
        remove_stale(directory, older_than_seconds=_DAY, now=now)
    return directory
