"""Lock files on disk, whichever tool wrote them: the name of a file says how it is read."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from venvship.errors import EnvironmentProblem, UserError
from venvship.host.files import write_atomically
from venvship.repos.package_index import PackageIndex
from venvship.wheels.lock import Lock, MalformedLock
from venvship.wheels.pylock import parse_pylock
from venvship.wheels.requirements_txt import OfferedFile, PinnedRequirement, lock_of, parse_requirements
from venvship.wheels.uv_lock import compact_uv_lock, parse_compact_uv_lock, parse_uv_lock

_COMPACT_FORMAT = 1
_WORTH_KEEPING = 64 << 10
_PARALLEL = 8


def read_lock(
    path: Path,
    *,
    shown: str,
    cache: Path | None = None,
    index: Callable[[], PackageIndex] | None = None,
    seen: Callable[[str], None] = lambda sha256: None,
) -> Lock:
    """The lock file at `path`, which messages call `shown`; raises MalformedLock.

    `cache` is a directory that keeps what takes long to read. `index` is asked for the files of a lock that names
    none, which is what a `requirements.txt` is. `seen` is told the SHA-256 of the file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot read the lock file `{shown}`: {error.strerror}", hint="make it with `venvship lock`"
        ) from error
    key = hashlib.sha256(data).hexdigest()
    seen(key)
    if path.suffix == ".txt":
        return _requirements(data, shown, None if cache is None else cache / f"{key}-offered.json", index)
    if path.name.startswith("pylock"):
        return parse_pylock(data, filename=shown)
    if cache is None or len(data) < _WORTH_KEEPING:
        return parse_uv_lock(data, filename=shown)
    return _through(cache / f"{key}-{_COMPACT_FORMAT}.json", data, shown)


def _through(kept: Path, data: bytes, shown: str) -> Lock:
    try:
        return parse_compact_uv_lock(kept.read_bytes(), filename=shown)
    except (OSError, MalformedLock):
        pass  # not kept yet, or damaged: the file itself tells, and says what is wrong with it
    lock = parse_uv_lock(data, filename=shown)
    _keep(kept, compact_uv_lock(data, filename=shown))
    return lock


def _keep(path: Path, data: bytes) -> None:
    # A full or read-only disk costs time on the next command, nothing else.
    with contextlib.suppress(OSError, EnvironmentProblem):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)


def _requirements(data: bytes, shown: str, kept: Path | None, index: Callable[[], PackageIndex] | None) -> Lock:
    requirements = parse_requirements(data, filename=shown)
    offered = _kept(kept)
    if offered is None:
        if index is None:
            raise UserError(f"`{shown}` names no files, and no index may be asked for them")
        asked = index()
        offered = _ask(asked, requirements)
        if kept is not None:
            rows = {
                name: [[f.filename, f.location, f.sha256, f.size] for f in files] for name, files in offered.items()
            }
            _keep(kept, json.dumps(rows).encode())
    return lock_of(requirements, offered, filename=shown, index="")


def _row(file: OfferedFile) -> list[str | int | None]:
    return [file.filename, file.location, file.sha256, file.size]


def _kept(path: Path | None) -> dict[str, list[OfferedFile]] | None:
    if path is None:
        return None
    try:
        document = json.loads(path.read_bytes())
        return {name: [OfferedFile(*row) for row in rows] for name, rows in document.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _ask(index: PackageIndex, requirements: Iterable[PinnedRequirement]) -> dict[str, list[OfferedFile]]:
    """The files of each project whose hash a requirement names."""
    wanted = {one.name: one.sha256s for one in requirements if one.url is None}

    def files(name: str) -> list[OfferedFile]:
        found = index.offered(name)
        return [
            OfferedFile(filename, file.location, file.sha256, file.size)
            for filename, file in found
            if file.sha256 is not None and file.sha256 in wanted[name]
        ]

    with ThreadPoolExecutor(_PARALLEL, "index") as pool:
        return dict(zip(wanted, pool.map(files, wanted), strict=True))
