"""Writes the specification of an archive: of rows as layers have them, or of another specification that is changed.

The request holds `output`, and either `rows` with `uid`, `gid`, `mtime` and `names` ([{"host": path, "exec": name}],
how the specification calls what is read) or `mtree` (a specification) with `mutate` (as `mtree.mutate` takes it).
"""

from __future__ import annotations

from typing import Any

from venvship.tools import mtree
from venvship.tools.layer_entries import DIRECTORY, LINK, Entry, LayerProblem, expand
from venvship.tools.mtree import Row


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the specification; raises LayerProblem or BadSpecification."""
    if "mtree" in request:
        with open(request["mtree"], encoding="utf-8") as file:
            rows = mtree.parse(file.read(), str(request.get("origin") or request["mtree"]))
        rows = mtree.mutate(rows, **(request.get("mutate") or {}))
    else:
        names = {str(one["host"]): str(one["exec"]) for one in request["names"]}
        defaults: dict[str, Any] = {name: int(request.get(name, 0)) for name in ("uid", "gid", "mtime")}
        rows = [_row(entry, names) for entry in expand(request["rows"], defaults=defaults)]
    with open(request["output"], "w", encoding="utf-8", newline="\n") as file:
        file.write(mtree.write(rows))
    return {}


def _row(entry: Entry, names: dict[str, str]) -> Row:
    attributes = (entry.mode, entry.uid, entry.gid, entry.mtime, entry.uname, entry.gname)
    if entry.kind == DIRECTORY:
        return Row(entry.path, mtree.DIRECTORY, "", *attributes)
    if entry.kind == LINK:
        return Row(entry.path, mtree.LINK, str(entry.source), *attributes)
    if isinstance(entry.source, bytes):
        if entry.source:
            raise LayerProblem(f"`{entry.path}` has a text that no specification can hold")
        return Row(entry.path, mtree.FILE, "", *attributes)
    return Row(entry.path, mtree.FILE, _named(entry.source, names), *attributes)


def _named(host: str, names: dict[str, str]) -> str:
    """The name of a host path that is one of `names`, or lies in one of them."""
    head, tail = host, ""
    while head:
        if head in names:
            return names[head] + tail
        head, slash, last = head.rpartition("/")
        if not slash:
            break
        tail = f"/{last}{tail}"
    raise LayerProblem(f"`{host}` is no input of the specification")
