"""The names below a directory, as one sorted tuple of file paths.

Sorting puts everything below a directory side by side, so a directory is a range that bisection finds. A wheel of
14,000 files costs one tuple; only the directories that a plan looks into cost more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import eq
from typing import Final, Self

from venvship.dataclass import dataclass

_AFTER_SLASH: Final = chr(ord("/") + 1)


class MalformedPaths(ValueError):
    """File paths that are absolute, leave their start, repeat, or have empty or `.` segments."""


@dataclass(frozen=True, slots=True)
class FileTree:
    """Files by their paths relative to one directory; directories exist through the files in them."""

    paths: tuple[str, ...] = ()

    @classmethod
    def of(cls, paths: Iterable[str]) -> Self:
        """Sort and check `paths`; raises MalformedPaths."""
        ordered = sorted(paths)
        if not ordered:
            return cls()
        # One search in a joined text, because a check per path would cost more than the plan.
        text = "/" + "/\0/".join(ordered) + "/"
        if "//" in text or "/./" in text or "/../" in text or text.count("\0") != len(ordered) - 1:
            bad = next(path for path in ordered if "\0" in path or {"", ".", ".."} & set(path.split("/")))
            raise MalformedPaths(f"not a path below a directory: {bad!r}")
        if any(map(eq, ordered, islice(ordered, 1, None))):
            raise MalformedPaths("a path is listed twice")
        return cls(tuple(ordered))

    def __bool__(self) -> bool:
        return bool(self.paths)

    def has_file(self, path: str) -> bool:
        index = bisect_left(self.paths, path)
        return index < len(self.paths) and self.paths[index] == path

    def has_directory(self, path: str) -> bool:
        return self.has_file_starting(path + "/")

    def has_file_starting(self, start: str) -> bool:
        """Whether any path starts with the text `start`."""
        index = bisect_left(self.paths, start)
        return index < len(self.paths) and self.paths[index].startswith(start)

    def children(self, directory: str = "") -> Iterator[tuple[str, bool]]:
        """Name each direct entry, and whether it is a directory."""
        paths = self.paths
        prefix = directory + "/" if directory else ""
        index = bisect_left(paths, prefix) if prefix else 0
        end = bisect_left(paths, directory + _AFTER_SLASH, index) if prefix else len(paths)
        start = len(prefix)
        while index < end:
            path = paths[index]
            slash = path.find("/", start)
            if slash < 0:
                yield path[start:], False
                index += 1
            else:
                yield path[start:slash], True
                index = bisect_left(paths, path[:slash] + _AFTER_SLASH, index + 1, end)

    def files_in(self, directory: str) -> Iterator[str]:
        """The names of the files directly in `directory`."""
        return (name for name, is_directory in self.children(directory) if not is_directory)
