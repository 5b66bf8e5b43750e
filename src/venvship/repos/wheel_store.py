"""Files of locks on disk under their hashes, wheels with their manifests beside them.

wheels/<sha256>/<filename>          verified, read-only
wheels/<sha256>/manifest-<n>.json   what `wheels.manifest` read from it, in format n
partial/<sha256>                    a download that is not finished, and `.lock` for whoever works on it
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from venvship.blobs.disk import digest_of_file
from venvship.dataclass import dataclass
from venvship.host.files import disk_problems, write_atomically
from venvship.host.locks import FileLock
from venvship.host.new_files import READ_ONLY
from venvship.repos.patches import BadPatch, Patch, apply_patch
from venvship.wheels.archive import MalformedWheel, WheelArchive
from venvship.wheels.filename import WheelFilename
from venvship.wheels.manifest import FORMAT, UnpackedWheel, WheelManifest, read_manifest
from venvship.wheels.record import parse_record

_DAY = 86_400.0
_MARK_EPOCH = 1_000_000_000
_MAX_RECORD = 256 << 20
_MAX_METADATA = 16 << 20
_MAX_PATCHED = 64 << 20
# What venvs are planned from: names, scripts and where libraries look for others.
_MAY_NOT_CHANGE = re.compile(r"\.dist-info/(?:RECORD|WHEEL|METADATA|entry_points\.txt)$|\.(?:so|dylib|pth)(?:\.|$)")
_NO_NEW_FILES = "a patch of a wheel changes the text of its files; leave files out with `exclude_glob`"


@dataclass(frozen=True, slots=True)
class FileAccess:
    """An open file, for `wheels.archive`."""

    descriptor: int
    size: int

    def read_at(self, offset: int, length: int) -> bytes:
        return os.pread(self.descriptor, length, offset)


@contextlib.contextmanager
def file_access(path: Path) -> Iterator[FileAccess]:
    """A file on disk as a `RandomAccess`."""
    with path.open("rb") as file:
        yield FileAccess(file.fileno(), os.fstat(file.fileno()).st_size)


class WheelStore:
    """A directory of verified files; several processes may use it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._wheels = root / "wheels"
        self._partial = root / "partial"
        self._manifests: dict[tuple[str, str], WheelManifest] = {}

    def path_of(self, sha256: str, filename: str) -> Path | None:
        """Where the file lies, or None when it is not here; one that was damaged since is forgotten."""
        path = self._wheels / sha256 / filename
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        # The time of a verified file is a function of its size, so whoever writes to it unmarks it.
        if status.st_mtime_ns != _mark(status.st_size):
            if digest_of_file(str(path)).sha256 != sha256:
                path.unlink(missing_ok=True)
                return None
            _set_mark(path)
        _note_use(path.parent)
        return path

    @contextlib.contextmanager
    def partial(self, sha256: str) -> Iterator[Path]:
        """Where to download a file to, for this process alone; what an earlier attempt left is still there.

        Waits while another process works on the same file.
        """
        with disk_problems(self._partial):
            self._partial.mkdir(parents=True, exist_ok=True)
            with FileLock(self._partial / f"{sha256}.lock"):
                yield self._partial / sha256

    def adopt(self, partial: Path, sha256: str, filename: str) -> Path:
        """Make a partial file visible; the caller has verified that its content has the hash."""
        directory = self._wheels / sha256
        with disk_problems(directory):
            directory.mkdir(parents=True, exist_ok=True)
            partial.chmod(READ_ONLY)
            path = directory / filename
            _set_mark(partial)
            partial.replace(path)
        return path

    def manifest(self, sha256: str, filename: WheelFilename) -> WheelManifest:
        """The manifest of a wheel that is here; raises MalformedWheel."""
        known = self._manifests.get((sha256, filename.text))
        if known is None:
            known = self._manifests[sha256, filename.text] = self.keep_manifest(sha256, filename)
        return known

    def keep_manifest(
        self, sha256: str, filename: WheelFilename, *, unpacked: UnpackedWheel | None = None
    ) -> WheelManifest:
        """The same, for those who will not ask again: it is kept on disk only."""
        kept = self._manifest_path(sha256)
        with contextlib.suppress(FileNotFoundError, ValueError):
            return WheelManifest.from_json(kept.read_bytes())
        with file_access(self._wheels / sha256 / filename.text) as access:
            manifest = read_manifest(access, filename=filename, unpacked=unpacked)
        write_atomically(kept, manifest.to_json())
        return manifest

    def keeps_manifest(self, sha256: str) -> bool:
        """Whether a manifest was kept; it may be of no use still."""
        return self._manifest_path(sha256).exists()

    def _manifest_path(self, sha256: str) -> Path:
        return self._wheels / sha256 / f"manifest-{FORMAT}.json"

    def patched(self, sha256: str, filename: str, patches: Iterable[Patch]) -> Mapping[str, bytes]:
        """The new content of files that patches change; raises BadPatch for one that adds or removes files."""
        with file_access(self._wheels / sha256 / filename) as access:
            files = _WheelFiles(WheelArchive(access, name=filename))
            for patch in patches:
                apply_patch(patch.content, files, strip=patch.strip, shown=patch.shown)
            return files.changed

    def metadata(self, sha256: str, filename: str) -> bytes:
        """METADATA of a wheel that is here; raises MalformedWheel."""
        with file_access(self._wheels / sha256 / filename) as access:
            return metadata_of(WheelArchive(access, name=filename))

    def kept_metadata(self, sha256: str, filename: str) -> bytes | None:
        """METADATA of a wheel that is here or that was read where it is; None for others."""
        if self.path_of(sha256, filename) is not None:
            return self.metadata(sha256, filename)
        return self.kept_description(sha256)

    def kept_description(self, sha256: str) -> bytes | None:
        """What `keep_metadata` kept of a file; None for others."""
        with contextlib.suppress(OSError):
            return (self._wheels / sha256 / "METADATA").read_bytes()
        return None

    def keep_metadata(self, sha256: str, content: bytes) -> None:
        directory = self._wheels / sha256
        directory.mkdir(parents=True, exist_ok=True)
        write_atomically(directory / "METADATA", content)

    def identities(self, sha256: str, filename: WheelFilename, *, dist_info: str) -> Mapping[str, str]:
        """The hashes that RECORD has for the files of a wheel that is here; nothing is read before one is asked for."""
        return RecordedHashes(self._wheels / sha256 / filename.text, dist_info)


def _mark(size: int) -> int:
    return (_MARK_EPOCH + size % _MARK_EPOCH) * 1_000_000_000


def _set_mark(path: Path) -> None:
    mark = _mark(path.stat().st_size)
    with contextlib.suppress(OSError):
        os.utime(path, ns=(mark, mark))


def _note_use(directory: Path) -> None:
    """Let the time of the directory tell that it is used; what was not used for long may be removed."""
    now = time.time()
    with contextlib.suppress(OSError):
        if now - directory.stat().st_mtime > _DAY:
            os.utime(directory, (now, now))


def metadata_of(archive: WheelArchive) -> bytes:
    """METADATA of an open wheel."""
    found = [path for path in archive.members if path.count("/") == 1 and path.endswith(".dist-info/METADATA")]
    if len(found) != 1:
        raise MalformedWheel(archive.name, ["it does not have exactly one METADATA"])
    return archive.read(found[0], limit=_MAX_METADATA)


class _WheelFiles:
    """The files of a wheel, for patches: their content may change, and nothing else."""

    def __init__(self, archive: WheelArchive) -> None:
        self._archive = archive
        self.changed: dict[str, bytes] = {}

    def read(self, path: str) -> bytes | None:
        if path in self.changed:
            return self.changed[path]
        return self._archive.read(path, limit=_MAX_PATCHED) if path in self._archive.members else None

    def write(self, path: str, content: bytes, *, executable: bool | None) -> None:
        if path not in self._archive.members:
            raise BadPatch(f"a patch adds `{path}` to the wheel `{self._archive.name}`", hint=_NO_NEW_FILES)
        if _MAY_NOT_CHANGE.search(path):
            raise BadPatch(f"a patch changes `{path}` of the wheel `{self._archive.name}`", hint=_NO_NEW_FILES)
        self.changed[path] = content

    def remove(self, path: str) -> None:
        raise BadPatch(f"a patch removes `{path}` from the wheel `{self._archive.name}`", hint=_NO_NEW_FILES)


class RecordedHashes(Mapping[str, str]):
    """Paths of a wheel with the hashes of RECORD."""

    def __init__(self, wheel: Path, dist_info: str) -> None:
        self._wheel = wheel
        self._record = f"{dist_info}/RECORD"

    @functools.cached_property
    def _hashes(self) -> dict[str, str]:
        with file_access(self._wheel) as access:
            archive = WheelArchive(access, name=self._wheel.name)
            rows = parse_record(archive.read(self._record, limit=_MAX_RECORD))
        return {row.path: f"{row.algorithm}:{row.digest.hex()}" for row in rows if row.digest is not None}

    def __getitem__(self, path: str) -> str:
        return self._hashes[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hashes)

    def __len__(self) -> int:
        return len(self._hashes)
