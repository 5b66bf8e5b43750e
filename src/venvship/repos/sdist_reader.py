"""Reads what source archives on this machine say of themselves."""

from __future__ import annotations

import tempfile
from pathlib import Path

from venvship.repos.unpacking import archive_kind, unpack
from venvship.wheels.sdist_metadata import sdist_metadata

_MAX_METADATA = 16 << 20


def metadata_of_sdist(archive: Path, filename: str, *, scratch: Path) -> bytes:
    """Headers like those of METADATA; empty where the archive has none. Raises BadArchive and UnsafeArchive."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sdist-", dir=scratch) as directory:
        unpack(archive, Path(directory), kind=archive_kind(filename), shown=filename)
        base = next((path for path in sorted(Path(directory).iterdir()) if path.is_dir()), None)
        info = None if base is None else _content(base / "PKG-INFO")
        if base is None or info is None:
            return b""
        written = [*base.glob("*.egg-info/requires.txt"), *base.glob("*/*.egg-info/requires.txt")]
        return sdist_metadata(info, next(map(_content, sorted(written)), None))


def _content(path: Path) -> bytes | None:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_METADATA:
        return None
    return path.read_bytes()
