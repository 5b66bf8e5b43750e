"""What a layer holds: request rows expanded, checked, and sorted, with every parent directory made explicit.

Explicit parents, because some container engines create implied ones unreadable for anyone but root. Links are kept
as links: nothing here follows a link below the root of a tree.

A row is one of

    {"tree": host directory, "at": destination, "entries": host file, "wheel": host file,
     "strip": prefix, "include": [patterns], "exclude": [patterns]}
    {"file": host path, "at": destination, "executable": bool}
    {"path": host path, "at": destination}      the file or directory that it leads to, with its own mode
    {"link_of": host path, "at": destination}   the link itself
    {"text": base64, "at": destination, "executable": bool}
    {"link": text, "at": destination}
    {"directory": destination}
    {"mtree": host path of a specification, or "lines": [its lines], "contents": {path it names: host path},
     "mutate": {"strip_prefix", "package_dir", "mtime", "uid", "gid", "uname", "gname"},
     "merged": whether its directories give way to those of other rows}

and may carry `mode`, `uid`, `gid`, `uname`, `gname`, `mtime` and `origin` (who asked for it). `entries` is an encoded
tree as `venvship.archives.tree` writes it; without one the directory is read.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from re import Pattern
from typing import Any, NamedTuple

from venvship.tools import mtree

FILE, TEXT, LINK, DIRECTORY = "file", "text", "link", "directory"

_OWN = ("mode", "uid", "gid", "uname", "gname", "mtime")
_TREE_HEADER = b"venvship tree 1\n"
_MAX_TEXT = 16 << 20
_MAX_PATH = 4096
_MAX_DEPTH = 256


class LayerProblem(ValueError):
    """A layer can't be made of what was asked for."""

    user_error = True


class Entry(NamedTuple):
    """One path of a layer. `source` is a host path, the bytes of a small file, or the text of a link."""

    path: str
    kind: str
    source: str | bytes
    size: int
    mode: int
    uid: int
    gid: int
    uname: str
    gname: str
    mtime: int
    sha256: str
    origin: str
    wheel: str | None


def expand(rows: Iterable[dict[str, Any]], *, defaults: dict[str, Any], skip: Iterable[str] = ()) -> list[Entry]:
    """All entries that `rows` ask for, sorted by path, each path once.

    `skip` names directories that need no entry unless a row asks for it. Raises LayerProblem, naming every path that
    two rows fill with different content.
    """
    entries: dict[str, Entry] = {}
    conflicts: list[tuple[Entry, Entry]] = []
    for row in rows:
        for entry in _entries_of(row, {**defaults, **row}):
            present = entries.setdefault(entry.path, entry)
            gives_way = bool(row.get("merged")) and present.kind == entry.kind == DIRECTORY
            if present is not entry and not gives_way and not _same(present, entry):
                conflicts.append((present, entry))
    parents: dict[str, Entry] = {}
    omitted = set(skip)
    for entry in entries.values():
        for above in _parents(entry.path):
            if above in parents:
                break
            blocker = entries.get(above)
            if blocker is None:
                parents[above] = _directory(above, 0o755, defaults, entry.origin)
            elif blocker.kind == DIRECTORY:
                parents[above] = blocker
            else:
                conflicts.append((blocker, entry))
    if conflicts:
        raise LayerProblem(_conflict_text(conflicts))
    for above, entry in parents.items():
        if above not in omitted:
            entries.setdefault(above, entry)
    return [entries[path] for path in sorted(entries, key=os.fsencode)]


def _conflict_text(conflicts: Sequence[tuple[Entry, Entry]]) -> str:
    lines = sorted({f"  {a.path}: {a.kind} of {a.origin} and {b.kind} {b.path} of {b.origin}" for a, b in conflicts})
    more = [f"  and {len(lines) - 20} more"] if len(lines) > 20 else []
    return "these paths of a layer are filled twice, with different content:\n" + "\n".join(lines[:20] + more)


def _entries_of(row: dict[str, Any], values: dict[str, Any]) -> Iterator[Entry]:
    if "tree" in row:
        yield from _tree(row, values)
    elif "path" in row:
        yield from _whatever(str(row["path"]), row, values)
    elif "link_of" in row:
        yield _link(_destination(row["at"]), os.readlink(row["link_of"]), values)
    elif "file" in row:
        path = _destination(row["at"])
        status = os.stat(row["file"])
        if not stat.S_ISREG(status.st_mode):
            raise LayerProblem(f"`{row['file']}`, wanted at `{path}`, is no file")
        yield _file(path, str(row["file"]), status.st_size, bool(row.get("executable")), "", values, None)
    elif "text" in row:
        yield _text(_destination(row["at"]), str(row["text"]), values)
    elif "link" in row:
        yield _link(_destination(row["at"]), str(row["link"]), values)
    elif "mtree" in row or "lines" in row:
        yield from _specified(row, values)
    elif "directory" in row:
        path = _destination(row["directory"])
        yield _directory(path, int(values.get("mode", 0o755)), values, _origin(values, path))
    else:
        raise LayerProblem(f"a row of no known kind: {sorted(row)}")


def _whatever(host: str, row: dict[str, Any], values: dict[str, Any]) -> Iterator[Entry]:
    status = os.stat(host)
    if stat.S_ISDIR(status.st_mode):
        yield from _tree({"tree": host, "at": row["at"]}, values)
    elif stat.S_ISREG(status.st_mode):
        executable = bool(status.st_mode & 0o100)
        yield _file(_destination(row["at"]), host, status.st_size, executable, "", values, None)
    else:
        raise LayerProblem(f"`{host}` is neither a file nor a directory")


def _specified(row: dict[str, Any], values: dict[str, Any]) -> Iterator[Entry]:
    """Entries of an mtree specification. `contents` maps what it names: files, or directories that hold them."""
    if "mtree" in row:
        with open(row["mtree"], encoding="utf-8") as file:
            rows = mtree.parse(file.read(), str(row.get("origin") or row["mtree"]))
    else:
        rows = mtree.parse("\n".join(row["lines"]), str(row.get("origin") or "mtree"))
    contents: dict[str, str] = row.get("contents") or {}
    for one in mtree.mutate(rows, **(row.get("mutate") or {})):
        if not one.path and one.kind == mtree.DIRECTORY:
            continue
        path = _destination(one.path)
        own = {name: getattr(one, name) for name in _OWN if getattr(one, name) is not None}
        merged = {**values, **own}
        if one.kind == mtree.LINK:
            yield _link(path, one.content, merged)
        elif one.kind == mtree.DIRECTORY:
            yield _directory(path, int(merged.get("mode", 0o755)), merged, _origin(values, path))
        elif not one.content:
            yield _text(path, "", merged)
        else:
            host = _content(one.content, contents)
            if host is None:
                raise LayerProblem(f"`{one.content}`, wanted at `{path}`, is no input of the archive")
            status = os.stat(host)
            if not stat.S_ISREG(status.st_mode):
                raise LayerProblem(f"`{one.content}`, wanted at `{path}`, is no file")
            yield _file(path, host, status.st_size, bool(status.st_mode & 0o100), "", merged, None)


def _content(name: str, contents: dict[str, str]) -> str | None:
    if name in contents:
        return contents[name]
    if _path_problem(name):
        return None
    for above in _parents(name):
        if above in contents:
            return os.path.join(contents[above], name[len(above) + 1 :])
    return None


def _destination(text: str) -> str:
    reason = _path_problem(text)
    if reason:
        raise LayerProblem(f"{text!r} can't be a path of a layer: {reason}")
    return text


def _path_problem(text: str) -> str:
    if not text:
        return "it is empty"
    if "\0" in text:
        return "it contains a NUL"
    if text.startswith("/"):
        return "it is absolute"
    if len(text) > _MAX_PATH:
        return f"it is longer than {_MAX_PATH} characters"
    if any(part in ("", ".", "..") for part in text.split("/")):
        return "it has an empty, `.` or `..` segment"
    return ""


def _parents(path: str) -> Iterator[str]:
    cut = path.rfind("/")
    while cut > 0:
        yield path[:cut]
        cut = path.rfind("/", 0, cut)


def _origin(values: dict[str, Any], fallback: str) -> str:
    return str(values.get("origin") or fallback)


def _owner(values: dict[str, Any]) -> tuple[int, int, str, str, int]:
    names = str(values.get("uname", "")), str(values.get("gname", ""))
    return int(values.get("uid", 0)), int(values.get("gid", 0)), *names, int(values.get("mtime", 0))


def _file(
    path: str, host: str, size: int, executable: bool, sha256: str, values: dict[str, Any], wheel: str | None
) -> Entry:
    mode = int(values.get("mode", 0o755 if executable else 0o644))
    return Entry(path, FILE, host, size, mode, *_owner(values), sha256, _origin(values, host), wheel)


def _text(path: str, encoded: str, values: dict[str, Any]) -> Entry:
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise LayerProblem(f"the text of `{path}` is not base64") from error
    if len(data) > _MAX_TEXT:
        raise LayerProblem(f"the text of `{path}` has {len(data)} bytes")
    mode = int(values.get("mode", 0o755 if values.get("executable") else 0o644))
    return Entry(path, TEXT, data, len(data), mode, *_owner(values), "", _origin(values, path), None)


def _link(path: str, text: str, values: dict[str, Any]) -> Entry:
    if not text or "\0" in text or len(text) > _MAX_PATH:
        raise LayerProblem(f"{text!r} can't be the text of the link `{path}`")
    return Entry(path, LINK, text, 0, 0o777, *_owner(values), "", _origin(values, path), None)


def _directory(path: str, mode: int, values: dict[str, Any], origin: str) -> Entry:
    return Entry(path, DIRECTORY, "", 0, mode, *_owner(values), "", origin, None)


def _tree(row: dict[str, Any], values: dict[str, Any]) -> Iterator[Entry]:
    root = str(row["tree"])
    at = str(row.get("at") or "")
    if at:
        _destination(at)
    strip = str(row.get("strip") or "")
    include, exclude = _patterns(row.get("include")), _patterns(row.get("exclude"))
    wheel = str(row["wheel"]) if row.get("wheel") else None
    members = _listed(str(row["entries"])) if row.get("entries") else _walked(root)
    values = dict(values, origin=_origin(values, root))
    for path, kind, detail, size in members:
        if (include and not any(p.match(path) for p in include)) or any(p.match(path) for p in exclude):
            continue
        inner = path
        if strip:
            if not path.startswith(strip + "/"):
                continue
            inner = path[len(strip) + 1 :]
        destination = f"{at}/{inner}" if at else inner
        if kind == "l":
            yield _link(destination, detail, values)
        elif kind == "d":
            yield _directory(destination, 0o755, values, values["origin"])
        else:
            yield _file(destination, os.path.join(root, path), size, kind == "x", detail, values, wheel)


def _listed(listing: str) -> Iterator[tuple[str, str, str, int]]:
    """Members of an encoded tree: path, kind (f, x, l, d), digest or link text, size."""
    with open(listing, "rb") as file:
        data = file.read()
    if not data.startswith(_TREE_HEADER):
        raise LayerProblem(f"`{listing}` is no list of a tree")
    links: set[str] = set()
    for member in json.loads(data[len(_TREE_HEADER) :]):
        path, kind = str(member[0]), str(member[1])
        reason = _path_problem(path)
        if reason or any(above in links for above in _parents(path)):
            raise LayerProblem(f"`{listing}` has the path {path!r}: {reason or 'it lies below a link'}")
        if kind == "l":
            links.add(path)
        if kind in ("f", "x"):
            yield path, kind, str(member[2]), int(member[3])
        else:
            yield path, kind, str(member[2]) if kind == "l" else "", 0


def _walked(root: str, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str, str, int]]:
    if depth > _MAX_DEPTH:
        raise LayerProblem(f"`{root}` has more than {_MAX_DEPTH} levels of directories")
    with os.scandir(os.path.join(root, prefix)) as scanned:
        found = sorted(scanned, key=lambda item: os.fsencode(item.name))
    if not found and prefix:
        yield prefix, "d", "", 0
    for item in found:
        path = f"{prefix}/{item.name}" if prefix else item.name
        if item.is_symlink():
            yield path, "l", os.readlink(item.path), 0
        elif item.is_dir(follow_symlinks=False):
            yield from _walked(root, path, depth + 1)
        elif item.is_file(follow_symlinks=False):
            status = item.stat(follow_symlinks=False)
            yield path, "x" if status.st_mode & 0o100 else "f", "", status.st_size
        else:
            raise LayerProblem(f"`{item.path}` is neither file, link nor directory")


def _same(a: Entry, b: Entry) -> bool:
    if any(getattr(a, name) != getattr(b, name) for name in _OWN):
        return False
    if a.kind in (LINK, DIRECTORY) or b.kind in (LINK, DIRECTORY):
        return a.kind == b.kind and a.source == b.source
    if a.size != b.size:
        return False
    if a.sha256 and b.sha256:
        return a.sha256 == b.sha256
    return a.source == b.source or all(x == y for x, y in itertools.zip_longest(_chunks(a), _chunks(b)))


def _chunks(entry: Entry) -> Iterator[bytes]:
    if isinstance(entry.source, bytes):
        for start in range(0, entry.size, 1 << 20):
            yield entry.source[start : start + (1 << 20)]
        return
    with open(entry.source, "rb") as file:
        while True:
            chunk = file.read(1 << 20)
            if not chunk:
                return
            yield chunk


def _patterns(globs: Sequence[str] | None) -> list[Pattern[str]]:
    return [re.compile(_expression(glob)) for glob in globs or ()]


def _expression(glob: str) -> str:
    """`*` and `?` stay inside one segment, `**` spans any number of them."""
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    return "".join(wild.get(part) or re.escape(part) for part in parts) + r"\Z"
