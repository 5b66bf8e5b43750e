"""The nouns of a lock file, whichever tool wrote it.

A lock holds every package that any choice of platform, extras and groups may need, as a graph. `wheels.resolution`
walks the part that one choice needs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import field
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
from venvship.wheels.filename import WheelFilename
from venvship.wheels.formats import ANY_FORMAT, Formats
from venvship.wheels.markers import Marker


class MalformedLock(UserError):
    """A lock file that cannot be understood."""

    def __init__(
        self,
        filename: str,
        reason: str,
        *,
        line: int = 0,
        column: int = 0,
        hint: str = "make the file again with `uv lock`",
    ) -> None:
        super().__init__(f"malformed lock file: {reason}", place=Place(filename, line, column), hint=hint)
        self.reason = reason


@dataclass(frozen=True, slots=True, order=True)
class RegistrySource:
    """An index, by URL or by path of a directory."""

    location: str


@dataclass(frozen=True, slots=True, order=True)
class GitSource:
    """One commit of a repository, or with `path` one archive in it; `url` has neither query nor fragment.

    With `large_files`, some of its files are kept by Git LFS.
    """

    url: str
    commit: str
    subdirectory: str | None = None
    path: str | None = None
    large_files: bool = False


@dataclass(frozen=True, slots=True, order=True)
class UrlSource:
    """One archive by its URL."""

    url: str
    subdirectory: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class PathSource:
    """One archive by its path, relative to the lock file unless absolute."""

    path: str


@dataclass(frozen=True, slots=True, order=True)
class DirectorySource:
    """A source tree that is built and installed like an archive."""

    path: str


@dataclass(frozen=True, slots=True, order=True)
class EditableSource:
    """A source tree that is used in place: a member of the workspace, or a local dependency."""

    path: str


@dataclass(frozen=True, slots=True, order=True)
class VirtualSource:
    """A project that has dependencies but is not installed itself."""

    path: str


Source: TypeAlias = (
    RegistrySource | GitSource | UrlSource | PathSource | DirectorySource | EditableSource | VirtualSource
)


@dataclass(frozen=True, slots=True)
class LockedWheel:
    """One wheel file; exactly one of `url` and `path` is set. Files of a commit have the path there."""

    filename: WheelFilename
    url: str | None
    path: str | None
    sha256: str | None
    size: int | None


@dataclass(frozen=True, slots=True)
class LockedSdist:
    """A source archive; exactly one of `url` and `path` is set. Files of a commit have the path there."""

    filename: str
    url: str | None
    path: str | None
    sha256: str | None
    size: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A dependency; version and source are there when the name alone is ambiguous."""

    name: str
    version: str | None = None
    source: Source | None = None
    extras: tuple[str, ...] = ()
    marker: Marker | None = None


Edges: TypeAlias = tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """One version of one distribution from one source.

    `declared` is what a local project asked for when the lock was made, and `default_groups` which of its groups are
    installed where none is named, in the lock's own words. `requires_python` is there where the lock is a list of what
    is installed, and says which versions each of it is for.
    """

    name: str
    version: str | None
    source: Source
    dependencies: Edges = ()
    optional_dependencies: Mapping[str, Edges] = field(default_factory=dict)
    dev_dependencies: Mapping[str, Edges] = field(default_factory=dict)
    wheels: tuple[LockedWheel, ...] = ()
    sdist: LockedSdist | None = None
    declared: Mapping[str, object] | None = None
    default_groups: object = None
    requires_python: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}" if self.version else self.name


@dataclass(frozen=True, slots=True, order=True)
class ConflictItem:
    """A project, one of its extras or one of its groups, as a member of a conflict set."""

    package: str
    extra: str | None = None
    group: str | None = None

    def __str__(self) -> str:
        if self.extra is not None:
            return f"extra `{self.extra}` of `{self.package}`"
        if self.group is not None:
            return f"group `{self.group}` of `{self.package}`"
        return f"project `{self.package}`"

    @property
    def marker_item(self) -> str:
        """The value by which markers of the lock ask for this item."""
        if self.extra is not None:
            return f"extra-{len(self.package)}-{self.package}-{self.extra}"
        if self.group is not None:
            return f"group-{len(self.package)}-{self.package}-{self.group}"
        return f"project-{len(self.package)}-{self.package}"


@dataclass(frozen=True, slots=True)
class BuildConstraint:
    """The only pin that a lock has for what builds source archives."""

    name: str
    specifier: str


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock file. `members` are the projects that roots may name; `by_name` indexes `packages`.

    A `flat` lock is a list of distributions that says nothing of who needs whom: all are `requirements`, and the
    metadata of the files has the edges. `extras` and `default_groups` are those of a lock without projects. `declared`
    is what the workspace set for all its projects when the lock was made, in the lock's own words. A later
    `revision` of the format says more. `formats` is said beside the lock.
    """

    filename: str
    requires_python: str
    supported_markers: tuple[Marker, ...]
    members: tuple[str, ...]
    requirements: Edges
    groups: Mapping[str, Edges]
    build_constraints: tuple[BuildConstraint, ...]
    conflicts: tuple[tuple[ConflictItem, ...], ...]
    packages: tuple[LockedPackage, ...]
    by_name: Mapping[str, tuple[int, ...]]
    flat: bool = False
    extras: tuple[str, ...] = ()
    default_groups: tuple[str, ...] = ()
    declared: Mapping[str, object] = field(default_factory=dict)
    required_markers: tuple[Marker, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    formats: Formats = ANY_FORMAT
    revision: int = 0

    def target(self, edge: Edge) -> int:
        """The index in `packages` that an edge leads to; raises MalformedLock unless it is exactly one."""
        fitting = [
            index
            for index in self.by_name.get(edge.name, ())
            if (edge.version is None or edge.version == self.packages[index].version)
            and (edge.source is None or edge.source == self.packages[index].source)
        ]
        if len(fitting) != 1:
            wanted = f"{edge.name} {edge.version}" if edge.version else edge.name
            count = "no package" if not fitting else f"{len(fitting)} packages"
            raise MalformedLock(self.filename, f"a dependency on `{wanted}` names {count} of the file")
        return fitting[0]


def index_by_name(packages: tuple[LockedPackage, ...]) -> dict[str, tuple[int, ...]]:
    """Where each name stands in `packages`."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for index, package in enumerate(packages):
        found[package.name].append(index)
    return {name: tuple(indexes) for name, indexes in found.items()}
