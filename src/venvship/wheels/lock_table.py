"""The tables of a lock file, each of which knows where it stands, so that every complaint can say it.

A lock file comes with the workspace and is checked like any input: a wrong type ends in `MalformedLock`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NoReturn
from urllib.parse import unquote

import tomli

from venvship.wheels.filename import normalise_name
from venvship.wheels.lock import MalformedLock
from venvship.wheels.markers import Marker, MarkerSyntaxError, parse_marker

COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
"""What names one commit for ever; a branch or a tag may be another one tomorrow."""

_MAX_BYTES: Final = 128 << 20
_MAX_FILE_SIZE: Final = 1 << 40
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TOML_POSITION: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")
_VERSION: Final = re.compile(r"[0-9A-Za-z.!+_-]{1,128}", re.ASCII)


def toml_document(data: bytes, filename: str) -> dict[str, object]:
    if len(data) > _MAX_BYTES:
        raise MalformedLock(filename, f"it has {len(data)} bytes, more than {_MAX_BYTES}")
    try:
        return tomli.loads(data.decode())
    except UnicodeDecodeError as error:
        raise MalformedLock(filename, f"byte {error.start} is not UTF-8") from None
    except tomli.TOMLDecodeError as error:
        text = str(error)
        match = _TOML_POSITION.search(text)
        line, column = (int(match[1]), int(match[2])) if match else (0, 0)
        raise MalformedLock(filename, _TOML_POSITION.sub("", text), line=line, column=column) from None
    except (RecursionError, ValueError) as error:
        # Nesting is followed by recursion, and integers of thousands of digits are refused by `int`.
        raise MalformedLock(filename, f"not readable as TOML: {type(error).__name__}") from None


class LockTable:
    """A table of the document that knows where it stands, so that each complaint can say it."""

    __slots__ = ("filename", "values", "where")

    def __init__(self, value: object, filename: str, where: str) -> None:
        self.filename = filename
        self.where = where
        if not isinstance(value, dict):
            self.refuse("is not a table")
        self.values: Mapping[str, object] = value

    def refuse(self, complaint: str) -> NoReturn:
        raise MalformedLock(self.filename, f"{self.where} {complaint}")

    def refuse_version(self, version: str, *, known: str) -> NoReturn:
        """Of a format as a whole, which whoever made the file may just be too new for."""
        reason = f"{self.where} has the version {version}, and only version {known} is known"
        hint = f"make the file again with `uv lock` of a release that writes version {known}, or take a newer venvship"
        raise MalformedLock(self.filename, reason, hint=hint)

    def refuse_key(self, key: str, complaint: str) -> NoReturn:
        raise MalformedLock(self.filename, f"`{key}` of {self.where} {complaint}")

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            self.refuse_key(key, "is not a string")
        return value

    def required(self, key: str) -> str:
        value = self.text(key)
        if not value:
            self.refuse_key(key, "is missing")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.refuse_key(key, "is not a list of strings")
        return tuple(value)

    def tables(self, key: str) -> Iterable[LockTable]:
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.refuse_key(key, "is not a list")
        return [LockTable(item, self.filename, f"`{key}[{n}]` of {self.where}") for n, item in enumerate(value)]

    def table(self, key: str) -> LockTable | None:
        value = self.values.get(key)
        return None if value is None else LockTable(value, self.filename, f"`{key}` of {self.where}")

    def name(self, key: str) -> str:
        return self.normalised(self.required(key), key)

    def normalised(self, text: str, key: str) -> str:
        try:
            return normalise_name(text)
        except ValueError as error:
            self.refuse_key(key, f"is wrong: {error}")

    def version(self) -> str | None:
        text = self.text("version")
        if text is not None and not _VERSION.fullmatch(text):
            self.refuse_key("version", "is not a version")
        return text

    def marker(self, key: str) -> Marker | None:
        text = self.text(key)
        try:
            return None if text is None else parse_marker(text)
        except MarkerSyntaxError as error:
            self.refuse(f"has a {error}")

    def sha256(self) -> str | None:
        """The hash as 64 digits; None when there is none, or one that is not a SHA-256."""
        text = self.text("hash")
        if text is None:
            return None
        algorithm, colon, digits = text.partition(":")
        if not colon:
            self.refuse_key("hash", "is not of the form `algorithm:digits`")
        if algorithm != "sha256":
            return None
        if not _SHA256.fullmatch(digits):
            self.refuse_key("hash", "is not a SHA-256")
        return digits

    def markers(self, key: str) -> tuple[Marker, ...]:
        try:
            return tuple(parse_marker(text) for text in self.texts(key))
        except MarkerSyntaxError as error:
            self.refuse(f"has a {error} in `{key}`")

    def hashes(self) -> str | None:
        """The SHA-256 of a table of hashes by algorithm; None when it has none."""
        table = self.table("hashes")
        text = None if table is None else table.text("sha256")
        if text is not None and not _SHA256.fullmatch(text):
            self.refuse_key("hashes", "holds something that is not a SHA-256")
        return text

    def size(self) -> int | None:
        value = self.values.get("size")
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_FILE_SIZE:
            self.refuse_key("size", "is not a file size")
        return value


def file_name_of(location: str) -> str:
    """The last component, without query and fragment, which only addresses have."""
    path = location.partition("#")[0].partition("?")[0] if "://" in location else location
    return unquote(path.rpartition("/")[2])
