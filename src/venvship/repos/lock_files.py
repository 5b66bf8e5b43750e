"""Lock files on disk, whichever tool wrote them: the name of the file says how it is read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from venvship.errors import UserError
from venvship.host.files import write_atomically
from venvship.wheels.lock import Lock, MalformedLock
from venvship.wheels.uv_lock import compact_uv_lock, parse_compact_uv_lock, parse_uv_lock

_COMPACT_FORMAT = 1
_WORTH_KEEPING = 64 << 10


def read_lock(path: Path, *, shown: str, cache: Path | None = None) -> Lock:
    """The lock file at `path`, which messages call `shown`; raises MalformedLock.

    `cache` is a directory that keeps large locks in a form that is read faster.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read the lock file `{shown}`: {error.strerror}", hint="make it with `venvship lock`"
        ) from error
    if cache is None or len(data) < _WORTH_KEEPING:
        return parse_uv_lock(data, filename=shown)
    return _through(cache / f"{hashlib.sha256(data).hexdigest()}-{_COMPACT_FORMAT}.json", data, shown)


def _through(kept: Path, data: bytes, shown: str) -> Lock:
    try:
        return parse_compact_uv_lock(kept.read_bytes(), filename=shown)
    except (OSError, MalformedLock):
        pass  # not kept yet, or damaged: the file itself tells, and says what is wrong with it
    lock = parse_uv_lock(data, filename=shown)
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(kept, compact_uv_lock(data, filename=shown))
    return lock
