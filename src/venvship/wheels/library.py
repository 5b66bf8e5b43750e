"""What a shared library or program asks of the dynamic loader."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Self

from venvship.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """The libraries a file needs, and where the loader looks for them.

    `search` is the search path as written. `origin_directories` are the parts of it that depend on where the file
    lies (`$ORIGIN`, `@loader_path`), normalised: directories relative to what the file's own path is relative to, "."
    for that root itself, with leading ".." for directories outside of it.
    """

    needed: tuple[str, ...]
    search: tuple[str, ...]
    origin_directories: tuple[str, ...]

    @classmethod
    def of(cls, path: str, *, needed: Iterable[str], search: Iterable[str], origins: Iterable[str]) -> Self:
        """`origins` are search directories below the origin, such as "" or "../../nvidia/lib"."""
        directory = posixpath.dirname(path)
        places = {posixpath.normpath(posixpath.join(directory, origin.strip("/"))) for origin in origins}
        return cls(tuple(needed), tuple(search), tuple(sorted(places)))
