"""Reads the page of a project on a package index (simple repository API, JSON and HTML).

A page may list thousands of files of which one is wanted, so addresses are only put together when they are asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Final
from urllib.parse import unquote, urldefrag, urljoin

from venvship.dataclass import dataclass

JSON_TYPE: Final = "application/vnd.pypi.simple.v1+json"
HTML_TYPES: Final = ("application/vnd.pypi.simple.v1+html", "text/html")
ACCEPT: Final = f"{JSON_TYPE}, {HTML_TYPES[0]};q=0.2, text/html;q=0.01"

_SHA256: Final = re.compile(r"(?:^|&)sha256=([0-9a-f]{64})(?:&|$)", re.ASCII)
_SUFFIXES: Final = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")
_CHARSET: Final = re.compile(r"charset=\"?([A-Za-z0-9_.-]+)", re.ASCII)


class MalformedPage(ValueError):
    """An answer that is not the page of a project."""


@dataclass(frozen=True, slots=True)
class IndexFile:
    """A file as an index offers it; `location` is an address or, in a directory, a path."""

    location: str
    sha256: str | None
    size: int | None


@dataclass(frozen=True, slots=True)
class _Listed:
    reference: str
    sha256: str | None
    size: int | None


@dataclass(frozen=True, slots=True)
class SimplePage:
    """The files of a project by name; `base` is what their references are relative to."""

    base: str
    listed: Mapping[str, list[_Listed]]

    def names(self) -> list[str]:
        """The names of all files, in the order of the page."""
        return list(self.listed)

    def files(self, filename: str) -> list[IndexFile]:
        """All entries of that name, in the order of the page."""
        return [
            IndexFile(urldefrag(urljoin(self.base, entry.reference)).url, entry.sha256, entry.size)
            for entry in self.listed.get(filename, ())
        ]


def parse_page(content: bytes, *, content_type: str, url: str) -> SimplePage:
    """Read the answer that came from `url`; raises MalformedPage."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON_TYPE:
        return _json_page(content, url)
    if kind not in HTML_TYPES:
        raise MalformedPage(f"it is of the type `{kind[:80]}`")
    match = _CHARSET.search(content_type)
    try:
        text = content.decode(match[1] if match else "utf-8", "replace")
    except LookupError:
        raise MalformedPage("its character set is not known") from None
    return parse_html(text, url=url)


def _json_page(content: bytes, url: str) -> SimplePage:
    try:
        document = json.loads(content)
        _check_version(document["meta"]["api-version"])
        listed: dict[str, list[_Listed]] = {}
        for file in document["files"]:
            filename, reference = file["filename"], file["url"]
            sha256, size = file.get("hashes", {}).get("sha256"), file.get("size")
            if not isinstance(filename, str) or not isinstance(reference, str):
                raise MalformedPage("a file has no name or no address")
            entry = _Listed(
                reference, sha256 if isinstance(sha256, str) else None, size if isinstance(size, int) else None
            )
            listed.setdefault(filename, []).append(entry)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedPage(f"it is not what the simple API says: {error}") from None
    return SimplePage(url, listed)


def parse_html(text: str, *, url: str) -> SimplePage:
    """Read an HTML page that came from `url`; raises MalformedPage."""
    reader = _HtmlPage(url)
    reader.feed(text)
    reader.close()
    return SimplePage(reader.base, reader.listed)


class _HtmlPage(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.base = url
        self.listed: dict[str, list[_Listed]] = {}
        self._reference: str | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._reference = dict(attrs).get("href")
            self._text = []
        elif tag == "base":
            self.base = urljoin(self.base, dict(attrs).get("href") or "")
        elif tag == "meta":
            values = dict(attrs)
            if values.get("name") == "pypi:repository-version":
                _check_version(values.get("content"))

    def handle_data(self, data: str) -> None:
        if self._reference is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._reference is not None:
            match = _SHA256.search(self._reference.partition("#")[2])
            entry = _Listed(self._reference, match[1] if match else None, None)
            name = _file_name("".join(self._text).strip(), self._reference)
            self.listed.setdefault(name, []).append(entry)
            self._reference = None


def _file_name(text: str, reference: str) -> str:
    """What a link names: its text, as the simple API says, or the end of its address where the text is another thing.

    Listings of directories cut long names off, and some put directories before them.
    """
    if text.endswith(_SUFFIXES) and "/" not in text:
        return text
    name = unquote(reference.partition("#")[0].partition("?")[0].rpartition("/")[2])
    return name if name.endswith(_SUFFIXES) else text


def _check_version(version: object) -> None:
    if not isinstance(version, str) or version.partition(".")[0] != "1":
        raise MalformedPage(f"its API has the version {version!r:.40}, and only 1 is known")
