"""Specifications of archives in the mtree format, as `tar.bzl` and bsdtar use it: reading, writing, changing.

One line is one entry: a path, then `keyword=value` words. A path with a slash starts at the root; one without lies in
the directory that the last such `type=dir` line entered, and `..` leaves it again (mtree(5), "MTREE FORMAT"; bsdtar
reads it in the same way). Characters that a word can't hold are written as `\\ooo`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

FILE, LINK, DIRECTORY = "file", "link", "dir"

_IGNORED = frozenset(
    ("cksum", "device", "flags", "ignore", "inode", "md5", "md5digest", "nlink", "nochange", "optional", "resdevice",
     "ripemd160digest", "rmd160", "rmd160digest", "sha1", "sha1digest", "sha256", "sha256digest", "sha384",
     "sha384digest", "sha512", "sha512digest", "size", "tags")
)  # fmt: skip
_KNOWN = frozenset(("type", "mode", "uid", "gid", "uname", "gname", "time", "content", "contents", "link"))
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_NAMED_ESCAPES = {"\\": "\\", "s": " ", "t": "\t", "n": "\n", "r": "\r", "#": "#"}
_MAX_LINE = 64 << 10


class BadSpecification(ValueError):
    """A line of a specification can't be read."""

    user_error = True

    def __init__(self, place: str, line: int, reason: str) -> None:
        super().__init__(f"{place}:{line}: {reason}")


class Row(NamedTuple):
    """One entry. `content` is the path that a file's bytes come from, or the text of a link."""

    path: str
    kind: str
    content: str = ""
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    mtime: int | None = None
    uname: str | None = None
    gname: str | None = None


def parse(text: str, place: str = "mtree") -> list[Row]:
    """Read a specification; raises BadSpecification, naming `place` and the line."""
    rows = []
    defaults: dict[str, str] = {}
    current: list[str] = []
    for number, line in _lines(text, place):
        words = line.split()
        try:
            if words[0] == "/set":
                defaults.update(_keywords(words[1:]))
            elif words[0] == "/unset":
                for word in words[1:]:
                    defaults.pop(word, None)
            elif words[0] == "..":
                if not current:
                    raise ValueError("`..` leaves the root")
                current.pop()
            else:
                rows.append(_row(words, defaults, current))
        except ValueError as error:
            raise BadSpecification(place, number, str(error)) from error
    return rows


def _lines(text: str, place: str) -> Iterator[tuple[int, str]]:
    joined, start = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if not joined:
            start = number
        if line.endswith("\\") and not line.endswith("\\\\"):
            joined += line[:-1] + " "
            continue
        joined += line
        if len(joined) > _MAX_LINE:
            raise BadSpecification(place, start, "line too long")
        if joined.strip() and not joined.lstrip().startswith("#"):
            yield start, joined
        joined = ""
    if joined.strip():
        raise BadSpecification(place, start, "the last line is continued")


def _row(words: list[str], defaults: dict[str, str], current: list[str]) -> Row:
    name = decode(words[0])
    values = {**defaults, **_keywords(words[1:])}
    kind = values.get("type", FILE)
    if kind not in (FILE, LINK, DIRECTORY):
        raise ValueError(f"entries of type `{kind}` are not supported")
    if "/" in name:
        path = "/".join(part for part in name.split("/") if part not in ("", "."))
    elif name == ".":
        path = ""
    else:
        path = "/".join([*current, name])
        if kind == DIRECTORY:
            current.append(name)
    if kind == LINK:
        if "link" not in values:
            raise ValueError(f"the link `{path}` has no `link=`")
        content = decode(values["link"])
    else:
        content = decode(values.get("contents", values.get("content", "")))
    return Row(
        path,
        kind,
        content,
        _number(values, "mode", 8),
        _number(values, "uid", 10),
        _number(values, "gid", 10),
        _number(values, "time", 10),
        *(decode(values[name]) if name in values else None for name in ("uname", "gname")),
    )


def _keywords(words: list[str]) -> dict[str, str]:
    values = {}
    for word in words:
        keyword, _, value = word.partition("=")
        if keyword in _KNOWN:
            values[keyword] = value
        elif keyword not in _IGNORED:
            raise ValueError(f"unknown keyword `{keyword}`")
    return values


def _number(values: dict[str, str], keyword: str, base: int) -> int | None:
    if keyword not in values:
        return None
    # Times may have a fraction, which archives of this format can't hold.
    text = values[keyword].partition(".")[0]
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"`{keyword}={values[keyword]}` is no number")
    return int(text, base)


def decode(word: str) -> str:
    r"""The text that a word stands for.

    >>> decode("a\\040b\\\\c")
    'a b\\c'
    """
    if "\\" not in word:
        return word

    def one(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) == 3:
            return chr(int(code, 8) & 0xFF)
        if code not in _NAMED_ESCAPES:
            raise ValueError(f"unknown escape `\\{code}`")
        return _NAMED_ESCAPES[code]

    # Octal escapes are bytes, and several of them may be one character.
    raw = _ESCAPE.sub(one, word.encode().decode("latin-1"))
    return raw.encode("latin-1").decode("utf-8", "surrogateescape")


def encode(text: str) -> str:
    """A word that `decode` reads back, of printable ASCII and without spaces."""
    data = text.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if 0x20 < byte < 0x7F and byte not in b"\\#=" else f"\\{byte:03o}" for byte in data)


def write(rows: Iterable[Row]) -> str:
    """The specification that `parse` reads back: paths have a slash, so that no line depends on another."""
    lines = ["#mtree"]
    for row in rows:
        words = [encode(row.path) if "/" in row.path else "./" + encode(row.path), f"type={row.kind}"]
        numbers = (("mode", row.mode, "04o"), ("uid", row.uid, "d"), ("gid", row.gid, "d"), ("time", row.mtime, "d"))
        words += [f"{keyword}={number:{shape}}" for keyword, number, shape in numbers if number is not None]
        owners = (("uname", row.uname), ("gname", row.gname))
        words += [f"{keyword}={encode(name)}" for keyword, name in owners if name]
        if row.kind == LINK:
            words.append("link=" + encode(row.content))
        elif row.content:
            words.append("content=" + encode(row.content))
        lines.append(" ".join(words))
    return "\n".join(lines) + "\n"


def mutate(
    rows: Iterable[Row],
    *,
    strip_prefix: str = "",
    package_dir: str = "",
    mtime: int | None = None,
    uid: int | None = None,
    gid: int | None = None,
    uname: str | None = None,
    gname: str | None = None,
) -> list[Row]:
    """Move rows and set their owner and time, as `mutate` of tar.bzl; rows outside of `strip_prefix` are dropped.

    Directories above what is moved to `package_dir` are made.
    """
    strip, package = strip_prefix.strip("/"), package_dir.strip("/")
    changed = []
    for row in rows:
        path = row.path
        if strip:
            if not path.startswith(strip + "/"):
                continue
            path = path[len(strip) + 1 :]
        if package:
            path = f"{package}/{path}" if path else package
        changed.append(
            row._replace(
                path=path,
                mtime=row.mtime if mtime is None else mtime,
                uid=row.uid if uid is None else uid,
                gid=row.gid if gid is None else gid,
                uname=row.uname if uname is None else uname,
                gname=row.gname if gname is None else gname,
            )
        )
    return [*_parents_of(package, changed), *changed] if package else changed


def _parents_of(package: str, rows: list[Row]) -> list[Row]:
    """Directories that `package_dir` brings, with the owner and the time of what lies in them."""
    named = {row.path for row in rows}
    parts = package.split("/")
    missing = [path for count in range(1, len(parts) + 1) if (path := "/".join(parts[:count])) not in named]
    return [rows[0]._replace(path=path, kind=DIRECTORY, content="", mode=0o755) for path in missing] if rows else []
