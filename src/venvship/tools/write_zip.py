"""Writes a zip file of rows as layers have them. Links are stored as links, and execute bits are kept.

The request holds `rows`, `output`, `mtime` (seconds), `compression` ("deflated", "stored", "lzma" or "bzip2") and
`level`. The bytes depend on nothing else.
"""

from __future__ import annotations

import shutil
import stat
import time
import zipfile
from typing import Any

from venvship.tools.layer_entries import DIRECTORY, LINK, expand

_TYPES = {
    "deflated": zipfile.ZIP_DEFLATED,
    "stored": zipfile.ZIP_STORED,
    "lzma": zipfile.ZIP_LZMA,
    "bzip2": zipfile.ZIP_BZIP2,
}
_UNIX = 3
_CHUNK = 1 << 20


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the file; raises LayerProblem."""
    method = _TYPES[str(request.get("compression", "deflated"))]
    level = int(request.get("level", 6)) if method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2) else None
    moment = time.gmtime(int(request["mtime"]))[:6]
    entries = expand(request["rows"], defaults={"uid": 0, "gid": 0, "mtime": 0})
    with zipfile.ZipFile(request["output"], "w", method, compresslevel=level) as archive:
        for entry in entries:
            is_directory = entry.kind == DIRECTORY
            info = zipfile.ZipInfo(entry.path + ("/" if is_directory else ""), moment)
            info.create_system = _UNIX
            kind = stat.S_IFDIR if is_directory else stat.S_IFLNK if entry.kind == LINK else stat.S_IFREG
            info.external_attr = (kind | entry.mode) << 16 | (0x10 if is_directory else 0)
            info.compress_type = zipfile.ZIP_STORED if is_directory or entry.kind == LINK else method
            if is_directory:
                archive.writestr(info, b"")
            elif entry.kind == LINK or isinstance(entry.source, bytes):
                data = entry.source if isinstance(entry.source, bytes) else str(entry.source).encode()
                archive.writestr(info, data, compresslevel=level)
            else:
                info.file_size = entry.size
                with open(entry.source, "rb") as file, archive.open(info, "w", force_zip64=entry.size > 1 << 31) as out:
                    shutil.copyfileobj(file, out, _CHUNK)
    return {}
