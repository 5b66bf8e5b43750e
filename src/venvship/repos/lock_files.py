"""Lock files on disk, whichever tool wrote them: the name of a file says how it is read, or how it begins."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from venvship.blobs.disk import digest_of_file
from venvship.errors import EnvironmentProblem, Place, UserError
from venvship.host.arrivals import results
from venvship.host.files import write_atomically
from venvship.repos.package_index import PackageIndex
from venvship.repos.requirements_files import RequirementsText, with_included
from venvship.repos.simple_page import IndexFile
from venvship.repos.urls import local_path, shown_url
from venvship.wheels.formats import ANY_FORMAT
from venvship.wheels.lock import Lock, MalformedLock
from venvship.wheels.pylock import parse_pylock
from venvship.wheels.requirements_txt import OfferedFile, PinnedRequirement, lock_of, parse_requirements
from venvship.wheels.uv_lock import compact_uv_lock, parse_compact_uv_lock, parse_uv_lock

_COMPACT_FORMAT = 1
_WORTH_KEEPING = 64 << 10
_PARALLEL = 8
_TOML = re.compile(rb"\[|[A-Za-z]\w*\s*=(?!=)")


def read_lock(
    path: Path,
    *,
    shown: str,
    cache: Path | None = None,
    index: Callable[[], PackageIndex] | None = None,
    origin: Callable[[], str] = str,
    seen: Callable[[str], None] = lambda sha256: None,
    expand: Callable[[str], str] = str,
) -> Lock:
    """The lock file at `path`, which messages call `shown`; raises MalformedLock.

    `cache` is a directory that keeps what takes long to read. `index` is asked for the files of a lock that names
    none, which is what a `requirements.txt` is; `origin` says what it is called. `seen` is told the SHA-256 of the
    file. `expand` puts values of the environment into addresses.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        hint = "make it with `venvship lock`"
        if not _has_projects(path.name):
            # The package of the target that makes it can't be loaded before there is something in it to load.
            hint += ", from an empty file if the BUILD file of the target that makes it loads from the hub"
        raise UserError(f"can't read the lock file `{shown}`: {error.strerror}", hint=hint) from error
    key = hashlib.sha256(data).hexdigest()
    seen(key)
    if path.suffix == ".txt" or not (_has_projects(path.name) or _begins_as_toml(data)):
        files = list(with_included(path, data, shown=shown))
        return _requirements(files, cache, index, origin(), expand)
    if path.name.startswith("pylock"):
        return parse_pylock(data, filename=shown)
    if cache is None or len(data) < _WORTH_KEEPING:
        return parse_uv_lock(data, filename=shown)
    return _through(cache / f"{key}-{_COMPACT_FORMAT}.json", data, shown)


def _has_projects(name: str) -> bool:
    return name == "uv.lock" or name.startswith("pylock")


def _begins_as_toml(data: bytes) -> bool:
    """Whether what is called `requirements.lock` or `app.lock` has tables and no requirements."""
    lines = (line.strip() for line in data.removeprefix(b"\xef\xbb\xbf").splitlines())
    return _TOML.match(next((line for line in lines if line and not line.startswith(b"#")), b"")) is not None


def _through(kept: Path, data: bytes, shown: str) -> Lock:
    try:
        return parse_compact_uv_lock(kept.read_bytes(), filename=shown)
    except (OSError, MalformedLock):
        pass  # not kept yet, or damaged: the file itself tells, and says what is wrong with it
    compact = compact_uv_lock(data, filename=shown)
    lock = parse_compact_uv_lock(compact, filename=shown)
    _keep(kept, compact)
    return lock


def _keep(path: Path, data: bytes) -> None:
    # A full or read-only disk costs time on the next command, nothing else.
    with contextlib.suppress(OSError, EnvironmentProblem):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)


def _requirements(
    files: Sequence[RequirementsText],
    cache: Path | None,
    index: Callable[[], PackageIndex] | None,
    origin: str,
    expand: Callable[[str], str],
) -> Lock:
    shown, formats = files[0].shown, ANY_FORMAT
    requirements: list[PinnedRequirement] = []
    for file in files:
        said = parse_requirements(file.data, filename=file.shown, formats=formats)
        requirements += said.requirements
        formats = said.formats
    kept = None if cache is None else cache / f"{_key(files, origin)}-offered.json"
    offered = _kept(kept)
    if offered is None:
        if index is None:
            raise UserError(f"`{shown}` names no files, and no index may be asked for them")
        asked = index()
        offered = _ask(asked, requirements)
        unknown = sorted(name for name, files in offered.items() if not files)
        if unknown and asked.offline:
            raise FilesUnknown(unknown, shown)
        # An index that lacks a project today may have it tomorrow, or be another one; and what it adds to addresses
        # may be a password, or hold for this hour only.
        if kept is not None and not unknown and not any(map(_has_secret, itertools.chain(*offered.values()))):
            rows = {name: [_row(file) for file in files] for name, files in offered.items()}
            _keep(kept, json.dumps(rows).encode())
    return lock_of(requirements, offered, filename=shown, index=origin, formats=formats, expand=expand)


def _key(files: Iterable[RequirementsText], origin: str) -> str:
    """What says which files of which index are wanted."""
    parts = [*(hashlib.sha256(file.data).hexdigest() for file in files), origin]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _has_secret(file: OfferedFile) -> bool:
    return "://" in file.location and shown_url(file.location) != file.location


def _sha256(file: IndexFile, filename: str, project: str) -> str | None:
    """The hash of an offered file; directories tell none, so those that may be of the project are read."""
    path = local_path(file.location)
    if file.sha256 is not None or path is None:
        return file.sha256
    plain = re.sub(r"[-_.]+", "-", filename).lower()
    return digest_of_file(str(path)).sha256 if plain.startswith(f"{project}-") else None


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


class FilesUnknown(UserError):
    """Requirements that no file on this machine fits, where no index may be asked."""

    def __init__(self, names: Sequence[str], shown: str) -> None:
        super().__init__(
            "nothing here fits these requirements, and no index may be asked:" + "".join(f"\n  {n}" for n in names),
            place=Place(shown),
            hint="run the command once without `--nofetch`, or name a directory of their files with `--find_links`",
        )


def _ask(index: PackageIndex, requirements: Iterable[PinnedRequirement]) -> dict[str, list[OfferedFile]]:
    """The files of each project whose hash a requirement names."""
    # Several versions of one project may be wanted, for several markers.
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for one in requirements:
        if one.url is None:
            wanted[one.name] |= one.sha256s

    def files(name: str) -> list[OfferedFile]:
        found = [(filename, file, _sha256(file, filename, name)) for filename, file in index.offered(name)]
        return [
            OfferedFile(filename, file.location, sha256, file.size)
            for filename, file, sha256 in found
            if sha256 is not None and sha256 in wanted[name]
        ]

    with ThreadPoolExecutor(_PARALLEL, "index") as pool:
        return dict(zip(wanted, results(pool, files, wanted), strict=True))
