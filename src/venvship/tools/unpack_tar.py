"""Takes a tar archive apart, so that its members can become those of another archive.

The request holds `archive` (a path), `output` (a directory that is made, with a numbered file for each content) and
`listing` (a specification that is made: what lies where, with modes, owners and times). Contents are called
`members/NUMBER` in it. As when an archive is unpacked, the last of several members of one path counts.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tarfile
from collections.abc import Iterator
from typing import IO, Any

from venvship.tools import mtree
from venvship.tools.layer_entries import LayerProblem
from venvship.tools.layer_stream import tar_errors, zstd_module
from venvship.tools.mtree import Row

MEMBERS = "members"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MAX_MEMBERS = 1 << 20
_MAX_UNPACKED = 64 << 30


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the directory and the listing; raises LayerProblem or MissingCompressor."""
    archive, output = str(request["archive"]), str(request["output"])
    os.mkdir(output)
    rows = _unpacked(archive, output)
    with open(request["listing"], "w", encoding="utf-8", newline="\n") as file:
        file.write(mtree.write(rows[path] for path in sorted(rows, key=os.fsencode)))
    return {}


def _unpacked(archive: str, output: str) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    total = 0
    try:
        with _opened(archive) as opened:
            for number, member in enumerate(opened):
                total += member.size
                if number >= _MAX_MEMBERS or total > _MAX_UNPACKED:
                    raise LayerProblem(f"`{archive}` is too large to be merged")
                path = "/".join(part for part in member.name.split("/") if part not in ("", "."))
                if path:
                    rows[path] = _row(opened, member, path, rows, output, str(number))
    except LayerProblem:
        raise
    except tar_errors() as error:
        raise LayerProblem(f"`{archive}` can't be read as a tar archive: {error}") from error
    return rows


def _row(
    opened: tarfile.TarFile, member: tarfile.TarInfo, path: str, rows: dict[str, Row], output: str, name: str
) -> Row:
    own = Row(
        path,
        mtree.DIRECTORY,
        mode=member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        mtime=max(int(member.mtime), 0),
        uname=member.uname or None,
        gname=member.gname or None,
    )
    if member.isdir():
        return own
    if member.issym():
        return own._replace(kind=mtree.LINK, content=member.linkname)
    if member.islnk():
        source = "/".join(part for part in member.linkname.split("/") if part not in ("", "."))
        if source not in rows or rows[source].kind != mtree.FILE:
            raise LayerProblem(f"`{path}` is a hard link to `{source}`, which does not come before it")
        return own._replace(kind=mtree.FILE, content=rows[source].content)
    if not member.isreg():
        raise LayerProblem(f"`{path}` is neither file, link nor directory, and can't be merged")
    with open(os.path.join(output, name), "xb") as file:
        body = opened.extractfile(member)
        if body is not None:
            shutil.copyfileobj(body, file, 1 << 20)
    return own._replace(kind=mtree.FILE, content=f"{MEMBERS}/{name}" if member.size else "")


@contextlib.contextmanager
def _opened(archive: str) -> Iterator[tarfile.TarFile]:
    """A tar archive in any compression that is known, read once from its start to its end."""
    with open(archive, "rb") as file:
        is_zstd = file.read(len(_ZSTD)) == _ZSTD
        file.seek(0)
        stream: IO[bytes] = zstd_module().open(file) if is_zstd else file
        with tarfile.open(fileobj=stream, mode="r|" if is_zstd else "r|*") as opened:
            yield opened
