"""Bytes of tar archives: headers in the ustar format, with pax records for what ustar can't hold.

The same entry always gives the same bytes: no names of users and no times but the given ones, no device numbers, and a
pax record exists only where it must (POSIX.1-2017, "pax Interchange Format" and "ustar Interchange Format").
"""

from __future__ import annotations

BLOCK = 512
END = bytes(2 * BLOCK)

FILE, HARD_LINK, LINK, DIRECTORY = b"0", b"1", b"2", b"5"

_PAX = b"x"
_NAME, _PREFIX, _LINK_NAME, _OWNER_NAME = 100, 155, 100, 32
_OCTAL_8, _OCTAL_12 = 0o7777777, 0o77777777777


class UnusableName(ValueError):
    """A path or link text that no tar archive can carry."""


def header(
    kind: bytes,
    path: str,
    *,
    mode: int,
    size: int = 0,
    link: str = "",
    uid: int = 0,
    gid: int = 0,
    mtime: int = 0,
    uname: str = "",
    gname: str = "",
) -> bytes:
    """The header blocks of one entry; `path` is relative, without a trailing slash.

    The body of a file follows, filled up by `padding(size)`.
    """
    if uid < 0 or gid < 0 or mtime < 0 or size < 0:
        raise ValueError(f"negative number in the header of {path!r}")
    records: list[tuple[str, str | int]] = []
    raw_path = _encoded(path) + (b"/" if kind == DIRECTORY else b"")
    raw_link = _encoded(link) if link else b""
    split = _split(raw_path)
    if split is None or not raw_path.isascii():
        records.append(("path", raw_path.decode()))
        split = split or (b"", raw_path[:_NAME])
    if len(raw_link) > _LINK_NAME or not raw_link.isascii():
        records.append(("linkpath", link))
    numbers = {"uid": (uid, _OCTAL_8), "gid": (gid, _OCTAL_8), "size": (size, _OCTAL_12), "mtime": (mtime, _OCTAL_12)}
    fitting = {}
    for name, (number, limit) in numbers.items():
        if number > limit:
            records.append((name, number))
        fitting[name] = number if number <= limit else 0
    owners = {"uname": _encoded(uname), "gname": _encoded(gname)}
    # The field of a name ends with a zero.
    records += [(name, raw.decode()) for name, raw in owners.items() if len(raw) >= _OWNER_NAME or not raw.isascii()]
    names = b"".join(raw[: _OWNER_NAME - 1].ljust(_OWNER_NAME, b"\0") for raw in owners.values())
    prefix, name_field = split
    own = _block(kind, name_field, prefix, mode, fitting, raw_link[:_LINK_NAME], names)
    if not records:
        return own
    body = b"".join(_record(keyword, value) for keyword, value in records)
    pax_name = b"PaxHeaders.0/" + raw_path.rstrip(b"/").rpartition(b"/")[2][:80]
    pax = _block(
        _PAX, pax_name, b"", 0o644, {"uid": 0, "gid": 0, "size": len(body), "mtime": fitting["mtime"]}, b"", bytes(64)
    )
    return pax + body + padding(len(body)) + own


def padding(size: int) -> bytes:
    """The zeros between a body of `size` bytes and the next header."""
    return bytes(-size % BLOCK)


def _encoded(text: str) -> bytes:
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise UnusableName(f"{text!r} is not UTF-8") from error
    if b"\0" in raw:
        raise UnusableName(f"{text!r} contains a NUL")
    return raw


def _split(raw: bytes) -> tuple[bytes, bytes] | None:
    """`raw` as prefix and name of a ustar header, or None when it does not fit."""
    if len(raw) <= _NAME:
        return b"", raw
    if len(raw) > _PREFIX + 1 + _NAME:
        return None
    # The last character may be the slash of a directory and is never the place to split.
    cut = raw.find(b"/", len(raw) - _NAME - 1, len(raw) - 1)
    if cut <= 0 or cut > _PREFIX:
        return None
    return raw[:cut], raw[cut + 1 :]


def _block(
    kind: bytes, name: bytes, prefix: bytes, mode: int, numbers: dict[str, int], link: bytes, owners: bytes
) -> bytes:
    fields = (
        name.ljust(100, b"\0"),
        b"%07o\0" % (mode & 0o7777),
        b"%07o\0" % numbers["uid"],
        b"%07o\0" % numbers["gid"],
        b"%011o\0" % numbers["size"],
        b"%011o\0" % numbers["mtime"],
        b"        ",
        kind,
        link.ljust(100, b"\0"),
        b"ustar\x0000",
        owners,
        b"0000000\x000000000\0",
        prefix.ljust(155, b"\0"),
        bytes(12),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _record(keyword: str, value: str | int) -> bytes:
    rest = f" {keyword}={value}\n".encode()
    # The length counts its own digits.
    length = len(rest) + len(str(len(rest)))
    if len(rest) + len(str(length)) != length:
        length = len(rest) + len(str(length))
    return str(length).encode() + rest
