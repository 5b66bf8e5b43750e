"""Members of tar archives that programs rarely write."""

from __future__ import annotations

import tarfile


def sparse_without_map() -> tarfile.TarInfo:
    """A file of 512 bytes that says it begins with a map of its holes, for an archive of the PAX format."""
    info = tarfile.TarInfo("sparse")
    info.size = 512
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1"}
    return info
