"""`glob()`: files of a package by pattern.

`*` stands for any part of one name, `**` for any number of whole directories, and `?`, in what is excluded, for one
character. A name that starts with a dot is matched by a pattern that does or that is nothing but `*`, and `**` descends
everywhere. What is excluded by a pattern with `**` in it is so whatever it starts with. Directories that are packages
themselves are not part of the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.files import DirectoryEntry, EntryKind, SourceFiles
from venvship.loading.workspace import BUILD_FILES, join_host
from venvship.model.paths import is_inside, join

_ANY_DIRECTORIES = "**"


class InvalidPattern(UserError):
    """A glob pattern can't match anything sensible."""

    def __init__(self, pattern: str, reason: str) -> None:
        super().__init__(f"invalid glob pattern '{pattern}': {reason}")


class NothingMatches(UserError):
    """A glob that must not be empty is."""

    def __init__(self, function: str, pattern: str | None) -> None:
        what = (
            f"{function} pattern '{pattern}' didn't match anything"
            if pattern is not None
            else (f"all files in the {function} have been excluded")
        )
        super().__init__(f"{what}, but allow_empty is set to False", hint=f"add `allow_empty = True` to the {function}")


@dataclass(frozen=True, slots=True)
class IgnoredDirectories:
    """Directories that nobody may look into, by path and by pattern, relative to the repository's root."""

    paths: frozenset[str] = frozenset()
    patterns: tuple[tuple[str, ...], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.paths or self.patterns)

    def holding(self, path: str) -> str | None:
        """The ignored directory that a path is or lies in."""
        if not self or not path:
            return None
        end = path.find("/")
        while True:
            directory = path if end < 0 else path[:end]
            if directory in self.paths or any(matches(pattern, directory) for pattern in self.patterns):
                return directory
            if end < 0:
                return None
            end = path.find("/", end + 1)


NOTHING_IGNORED = IgnoredDirectories()


class PackageFiles:
    """The files below the directory of one package."""

    def __init__(
        self, files: SourceFiles, root: str, package_path: str, ignored: IgnoredDirectories = NOTHING_IGNORED
    ) -> None:
        self._files = files
        self._root = join_host(root, package_path)
        self._package_path = package_path
        self._ignored = ignored
        self._listed: dict[str, tuple[DirectoryEntry, ...]] = {}
        self._kinds: dict[str, dict[str, EntryKind]] = {}

    def glob(
        self,
        include: Iterable[str],
        exclude: Iterable[str] = (),
        *,
        directories: bool = False,
        allow_empty: bool = True,
    ) -> list[str]:
        """Paths relative to the package, sorted. Raises InvalidPattern or NothingMatches."""
        found: set[str] = set()
        for pattern in include:
            if "?" in pattern:
                raise InvalidPattern(pattern, "wildcard ? forbidden")
            matches = set(self._matches(split_pattern(pattern), directories))
            if not matches and not allow_empty:
                raise NothingMatches("glob", pattern)
            found |= matches
        kept = _without(found, exclude)
        if found and not kept and not allow_empty:
            raise NothingMatches("glob", None)
        return sorted(kept)

    def subpackages(
        self, include: Iterable[str], exclude: Iterable[str] = (), *, allow_empty: bool = False
    ) -> list[str]:
        """The nearest packages below this one whose relative paths match."""
        patterns = [split_pattern(pattern) for pattern in include]
        below = list(self._subpackages())
        found = {path for path in below if any(matches(pattern, path) for pattern in patterns)}
        kept = _without(found, exclude)
        if not kept and not allow_empty:
            raise NothingMatches("subpackages", ", ".join("/".join(pattern) for pattern in patterns))
        return sorted(kept)

    def exists(self, path: str) -> bool:
        """Whether a label may name this path as a source: a file, or a directory that is no package."""
        # By listing, not by asking for the path: many files share one directory, and a later build that finds the
        # directory unchanged need not look at each.
        directory, _, name = path.rpartition("/")
        names = self._kinds.get(directory)
        if names is None:
            names = self._kinds[directory] = {entry.name: entry.kind for entry in self._entries(directory)}
        kind = names.get(name)
        return kind is EntryKind.FILE or (kind is EntryKind.DIRECTORY and not self.is_package(path))

    def boundary_in(self, path: str) -> str | None:
        """The innermost directory of a relative path that is a package of its own."""
        parts = path.split("/")
        for count in range(len(parts) - 1, 0, -1):
            directory = "/".join(parts[:count])
            if self.has_build_file(directory):
                return directory
        return None

    def directories(self, directory: str) -> list[str]:
        """The directories in a directory that may hold packages."""
        paths = [(join(directory, entry.name), entry) for entry in self._entries(directory)]
        return [
            path
            for path, entry in paths
            if entry.kind is EntryKind.DIRECTORY and not self._is_ignored(path) and not self._leads_back(path, entry)
        ]

    def is_package(self, directory: str) -> bool:
        """Whether a directory below this package is no part of it: a package itself, or not to be looked into."""
        return self._is_ignored(directory) or self.has_build_file(directory)

    def has_build_file(self, directory: str) -> bool:
        return any(entry.name in BUILD_FILES and entry.kind is EntryKind.FILE for entry in self._entries(directory))

    def _subpackages(self) -> Iterator[str]:
        waiting = [""]
        while waiting:
            directory = waiting.pop()
            for path in self.directories(directory):
                if self.has_build_file(path):
                    yield path
                else:
                    waiting.append(path)

    def _matches(self, pattern: tuple[str, ...], directories: bool) -> Iterator[str]:
        # An explicit stack: directories may nest deeper than Python's calls. A state is a directory and the number
        # of segments that led to it.
        waiting = [("", 0)]
        seen = set(waiting)
        while waiting:
            directory, position = waiting.pop()
            segment = pattern[position]
            is_last = position == len(pattern) - 1
            next_states: list[tuple[str, int]] = []
            if segment == _ANY_DIRECTORIES and not is_last:
                next_states.append((directory, position + 1))
            for entry in self._candidates(directory, segment):
                path = join(directory, entry.name)
                if entry.kind is not EntryKind.DIRECTORY:
                    if is_last and entry.kind is EntryKind.FILE:
                        yield path
                    continue
                if not self._may_enter(path, entry):
                    continue
                if is_last and directories:
                    yield path
                if segment == _ANY_DIRECTORIES:
                    next_states.append((path, position))
                elif not is_last:
                    next_states.append((path, position + 1))
            for state in next_states:
                if state not in seen:
                    seen.add(state)
                    waiting.append(state)

    def _candidates(self, directory: str, segment: str) -> Iterator[DirectoryEntry]:
        entries = self._entries(directory)
        if segment == _ANY_DIRECTORIES:
            yield from entries
        else:
            yield from (entry for entry in entries if matches_name(segment, entry.name))

    def _may_enter(self, path: str, entry: DirectoryEntry) -> bool:
        return not self.is_package(path) and not self._leads_back(path, entry)

    def _is_ignored(self, path: str) -> bool:
        return bool(self._ignored) and self._ignored.holding(join(self._package_path, path)) is not None

    def _leads_back(self, path: str, entry: DirectoryEntry) -> bool:
        """Whether a link leads to a directory that holds it, so that descending would never end."""
        if not entry.is_link:
            return False
        real = self._files.real_path(join_host(self._root, path))
        above = path.rpartition("/")[0]
        while True:
            if is_inside(self._files.real_path(join_host(self._root, above)), real):
                return True
            if not above:
                return False
            above = above.rpartition("/")[0]

    def _entries(self, directory: str) -> tuple[DirectoryEntry, ...]:
        entries = self._listed.get(directory)
        if entries is None:
            entries = self._files.list_directory(join_host(self._root, directory))
            if not directory and not self._package_path:
                entries = tuple(entry for entry in entries if not is_convenience_link(entry))
            self._listed[directory] = entries
        return entries


def is_convenience_link(entry: DirectoryEntry) -> bool:
    """Whether an entry of a workspace's root is one of the links to outputs that builds leave there."""
    return entry.is_link and entry.name.startswith(("venvship-", "bazel-"))


def split_pattern(pattern: str) -> tuple[str, ...]:
    """The segments of a pattern; raises InvalidPattern."""
    if not pattern:
        raise InvalidPattern(pattern, "pattern cannot be empty")
    if pattern.startswith("/"):
        raise InvalidPattern(pattern, "pattern cannot be absolute")
    segments: list[str] = []
    for segment in pattern.split("/"):
        if not segment:
            raise InvalidPattern(pattern, "empty segment not permitted")
        if segment in (".", ".."):
            raise InvalidPattern(pattern, f"segment '{segment}' not permitted")
        if _ANY_DIRECTORIES in segment and segment != _ANY_DIRECTORIES:
            raise InvalidPattern(pattern, "recursive wildcard must be its own segment")
        if segments[-1:] != [_ANY_DIRECTORIES] or segment != _ANY_DIRECTORIES:
            segments.append(segment)
    return tuple(segments)


def matches(pattern: tuple[str, ...], path: str, *, dotted: bool = False) -> bool:
    """Whether a split pattern matches a whole path; `dotted` if a wildcard may stand for a dot at the start of a name.

    >>> matches(("**", "*.py"), "a/.b/c.py"), matches(("*.py",), ".hidden.py"), matches(("*",), ".hidden.py")
    (True, False, True)
    """
    # The positions in the pattern that may be reached after each name of the path.
    reached = _closure(pattern, {0})
    for name in path.split("/"):
        after: set[int] = set()
        for position in reached:
            if position == len(pattern):
                continue
            if pattern[position] == _ANY_DIRECTORIES:
                after.add(position)
            elif matches_name(pattern[position], name, dotted=dotted):
                after.add(position + 1)
        reached = _closure(pattern, after)
    return len(pattern) in reached


def _closure(pattern: tuple[str, ...], positions: set[int]) -> set[int]:
    reached = set(positions)
    for position in positions:
        while position < len(pattern) and pattern[position] == _ANY_DIRECTORIES:
            position += 1
            reached.add(position)
    return reached


def matches_name(segment: str, name: str, *, dotted: bool = False) -> bool:
    """Whether a pattern segment matches one name; `dotted` if a wildcard may stand for a dot at its start."""
    if "*" not in segment and "?" not in segment:
        return segment == name
    if segment == "*":
        return True
    if not dotted and name.startswith(".") and not segment.startswith("."):
        return False
    prefix, _, suffix = segment.partition("*")
    if "?" not in segment and "*" not in suffix:
        return len(name) >= len(prefix) + len(suffix) and name.startswith(prefix) and name.endswith(suffix)
    return _matches_wildcards(segment, name)


def _matches_wildcards(segment: str, name: str) -> bool:
    """Star and question mark, in time proportional to both lengths: a hostile pattern must not take longer."""
    at = position = 0
    star = retry = -1
    while position < len(name):
        if at < len(segment) and segment[at] == "*":
            star, retry = at, position
            at += 1
        elif at < len(segment) and segment[at] in ("?", name[position]):
            at += 1
            position += 1
        elif star >= 0:
            retry += 1
            at, position = star + 1, retry
        else:
            return False
    return all(character == "*" for character in segment[at:])


def _without(found: set[str], exclude: Iterable[str]) -> set[str]:
    patterns = [split_pattern(pattern) for pattern in exclude]
    if not patterns:
        return found
    return {
        path
        for path in found
        if not any(matches(pattern, path, dotted=_ANY_DIRECTORIES in pattern) for pattern in patterns)
    }
