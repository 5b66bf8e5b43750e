"""A requirements file on disk with those that it includes (`-r`)."""

from __future__ import annotations

import os
import posixpath
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.wheels.lock import MalformedLock
from venvship.wheels.requirements_txt import MAX_BYTES, Included, included_files

_MAX_FILES: Final = 1000


@dataclass(frozen=True, slots=True)
class RequirementsText:
    """One file; `shown` is what messages call it."""

    path: Path
    shown: str
    data: bytes


class IncludedFileUnreadable(UserError):
    """A file that a requirements file names with `-r`, and that can't be read."""

    def __init__(self, included: Included, reason: str) -> None:
        super().__init__(
            f"can't read `{included.path}`, which is included here: {reason}",
            place=included.place,
            hint="paths of `-r` begin at the directory of the file in which they stand",
        )


def with_included(path: Path, data: bytes, *, shown: str) -> Iterator[RequirementsText]:
    """The file at `path` and all that are included, each once; raises IncludedFileUnreadable and MalformedLock."""
    seen = {os.path.realpath(path)}
    pending = deque([RequirementsText(path, shown, data)])
    while pending:
        file = pending.popleft()
        yield file
        for one in included_files(file.data, filename=file.shown):
            target = file.path.parent / one.path
            real = os.path.realpath(target)
            if real in seen:
                continue
            if len(seen) == _MAX_FILES:
                raise MalformedLock(shown, f"more than {_MAX_FILES} files are included")
            seen.add(real)
            pending.append(RequirementsText(target, _shown(file, one), _content(target, one)))


def _content(path: Path, included: Included) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise IncludedFileUnreadable(included, "it is no file")
        if path.stat().st_size > MAX_BYTES:
            raise IncludedFileUnreadable(included, f"it has more than {MAX_BYTES} bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise IncludedFileUnreadable(included, reason or str(error)) from error


def _shown(file: RequirementsText, included: Included) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(file.shown), included.path))
