"""Members of tar archives: those that programs rarely write, and all of one on a disk."""

from __future__ import annotations

import tarfile
from pathlib import Path


def sparse_without_map() -> tarfile.TarInfo:
    """A file of 512 bytes that says it begins with a map of its holes, for an archive of the PAX format."""
    info = tarfile.TarInfo("sparse")
    info.size = 512
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1"}
    return info


def extract_all(archive: tarfile.TarFile, into: Path) -> None:
    """As every release of Python can: `extractall` takes no filter before 3.11.4, and wants one since 3.12."""
    archive.extraction_filter = lambda member, directory: member
    archive.extractall(into)
