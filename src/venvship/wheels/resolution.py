"""What one choice of roots and one target need from a lock file.

The walk starts at the chosen projects, with their extras and groups, and follows every edge whose marker holds. It
must start there: markers are simplified by what the parents already imply, so an edge is only right when it is
reached from the roots. Extras that edges name become active too, and markers may ask for them, so the walk is
repeated until the active set is stable; the set only grows, which ends the repetition.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Self, TypeAlias

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
from venvship.wheels.components import strongly_connected
from venvship.wheels.lock import (
    ConflictItem,
    DirectorySource,
    Edge,
    Edges,
    EditableSource,
    GitSource,
    Lock,
    LockedPackage,
    LockedSdist,
    LockedWheel,
    MalformedLock,
    PathSource,
    RegistrySource,
    Source,
    UrlSource,
    VirtualSource,
)
from venvship.wheels.markers import MarkerEnvironment
from venvship.wheels.tags import SupportedTags


class UnknownRoot(UserError):
    """A project, extra or group that the lock file does not have."""

    def __init__(self, filename: str, what: str, known: Iterable[str]) -> None:
        names = ", ".join(f"`{name}`" for name in sorted(known)) or "none"
        super().__init__(f"the lock file has no {what}", place=Place(filename), hint=f"it has {names}")


class ConflictingRoots(UserError):
    """Choices that the lock file declares to exclude each other."""

    def __init__(self, filename: str, conflicts: Iterable[Iterable[ConflictItem]]) -> None:
        self.conflicts = tuple(tuple(items) for items in conflicts)
        lines = [f"  {' and '.join(str(item) for item in items)}" for items in self.conflicts]
        super().__init__(
            "these are declared to conflict and can't be resolved together:\n" + "\n".join(lines),
            place=Place(filename),
            hint="choose at most one of each line",
        )


class UnsupportedTarget(UserError):
    """A Python version or a platform that the lock file was not made for."""

    def __init__(self, filename: str, reason: str, hint: str) -> None:
        super().__init__(reason, place=Place(filename), hint=hint)


class NotResolved(UserError):
    """A distribution that is not part of the resolution; `groups` are those with which it would be."""

    def __init__(self, filename: str, name: str, groups: Iterable[str] = ()) -> None:
        having = ", ".join(f"`{group}`" for group in groups)
        super().__init__(
            f"`{name}` is not needed by the chosen projects, extras and groups on this target",
            place=Place(filename),
            hint=f"it is there with `dep_group` set to one of {having}"
            if having
            else "add it to the dependencies of a project or to a group, and lock again",
        )
        self.name = name


class NoMatchingWheel(UserError):
    """A distribution of which no file can be used on the target."""

    def __init__(
        self, filename: str, package: LockedPackage, refusals: Mapping[str, str], chain: Iterable[str]
    ) -> None:
        lines = [f"  {name}: {refusals[name]}" for name in sorted(refusals)]
        reason = "\n".join(["none of its files fits:", *lines]) if lines else "the lock file has no file for it"
        super().__init__(
            f"`{package}` can't be installed: {reason}",
            place=Place(filename),
            chain=chain,
            hint="lock a version that has a wheel for the target or a source archive",
        )
        self.refusals = dict(refusals)


@dataclass(frozen=True, slots=True, order=True)
class Root:
    """A project of the workspace with the extras and groups that are wanted of it.

    With `project=False` only the groups are followed, not the dependencies of the project itself.
    """

    member: str
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    project: bool = True


@dataclass(frozen=True, slots=True)
class Roots:
    """Where a resolution starts; `script_groups` and `script_extras` are those of a lock that belongs to no project."""

    members: tuple[Root, ...]
    script: bool = False
    script_groups: tuple[str, ...] = ()
    script_extras: tuple[str, ...] = ()

    @classmethod
    def everything(cls, lock: Lock) -> Self:
        """All projects with all extras and groups, apart from those that a conflict set names."""
        conflicting = {item for items in lock.conflicts for item in items}
        roots = []
        for member in lock.members:
            packages = [lock.packages[index] for index in lock.by_name.get(member, ())]
            extras = {extra for package in packages for extra in package.optional_dependencies}
            groups = {group for package in packages for group in package.dev_dependencies}
            roots.append(
                Root(
                    member,
                    tuple(sorted(e for e in extras if ConflictItem(member, extra=e) not in conflicting)),
                    tuple(sorted(g for g in groups if ConflictItem(member, group=g) not in conflicting)),
                )
            )
        return cls(tuple(roots), bool(lock.requirements), tuple(sorted(lock.groups)), lock.extras)


@dataclass(frozen=True, slots=True, order=True)
class Requirer:
    """What asks for a distribution: another one, by an extra or a group of it, or (an empty name) the chosen roots."""

    name: str
    extra: str | None = None
    group: str | None = None

    def __str__(self) -> str:
        if self.extra is not None:
            return f"{self.name}[{self.extra}]"
        if self.group is not None:
            return f"{self.name} (group {self.group})" if self.name else f"group {self.group}"
        return self.name or "the chosen roots"


Artifact: TypeAlias = LockedWheel | LockedSdist | GitSource | DirectorySource | EditableSource | VirtualSource
"""Where the installed form of a distribution comes from."""


@dataclass(frozen=True, slots=True)
class ResolvedDistribution:
    """One node of the graph. `dependencies` are the names it needs itself, with its active extras, without groups."""

    name: str
    version: str | None
    source: Source
    extras: tuple[str, ...]
    dependencies: tuple[str, ...]
    required_by: tuple[Requirer, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.version}" if self.version else self.name


@dataclass(frozen=True, slots=True)
class Resolution:
    """A closed graph of distributions, one version each.

    `groups` tells what each group of each project names directly; `components` are the strongly connected
    components, each sorted, those that others need first; `packages` are the records of the lock by name.
    """

    lock: Lock
    tags: SupportedTags
    distributions: Mapping[str, ResolvedDistribution]
    groups: Mapping[tuple[str, str], tuple[str, ...]]
    components: tuple[tuple[str, ...], ...]
    packages: Mapping[str, LockedPackage]

    def distribution(self, name: str) -> ResolvedDistribution:
        """The node of a normalised name; raises NotResolved."""
        try:
            return self.distributions[name]
        except KeyError:
            raise NotResolved(self.lock.filename, name) from None

    def wheel_of(self, name: str) -> Artifact:
        """The file or source tree to install `name` from; raises NoMatchingWheel with every candidate and why."""
        node = self.distribution(name)
        package = self.packages[name]
        match package.source:
            case GitSource(path=None) | DirectorySource() | EditableSource() | VirtualSource():
                return package.source
            case GitSource() | RegistrySource() | UrlSource() | PathSource():
                pass
        formats = self.lock.formats
        wheels = package.wheels if formats.may_be_wheel(name) else ()
        ranked = [(rank, wheel) for wheel in wheels if (rank := self.tags.rank(wheel.filename)) is not None]
        if ranked:
            best = min(ranked, key=lambda pair: (pair[0], _later_first(pair[1].filename.build), pair[1].filename))
            return best[1]
        if package.sdist is not None and formats.may_be_built(name):
            return package.sdist
        refusals = {wheel.filename.text: self.tags.refusal(wheel.filename) for wheel in wheels}
        if wheels != package.wheels:
            refusals = {one.filename.text: f"{formats.said_by} allows no wheel of it" for one in package.wheels}
        if package.sdist is not None:
            refusals[package.sdist.filename] = f"{formats.said_by} does not let it be built"
        raise NoMatchingWheel(self.lock.filename, package, refusals, self._chain(node))

    def closure(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names and all they need, sorted; raises NotResolved."""
        seen: set[str] = set()
        pending = list(names)
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending.extend(self.distribution(name).dependencies)
        return tuple(sorted(seen))

    def path_to(self, name: str) -> tuple[Requirer, ...]:
        """A shortest chain of requirers from a root down to `name`, which it does not hold itself."""
        self.distribution(name)
        steps: dict[str, Requirer | None] = {name: None}
        below: dict[str, str] = {}
        pending = deque([name])
        while pending:
            current = pending.popleft()
            for requirer in self.distributions[current].required_by:
                if not requirer.name and requirer.group is None:
                    return self._steps(current, steps, below)
                if requirer.group is not None:
                    return (requirer, *self._steps(current, steps, below))
                if requirer.name not in steps:
                    steps[requirer.name] = requirer
                    below[requirer.name] = current
                    pending.append(requirer.name)
        return ()

    @staticmethod
    def _steps(start: str, steps: Mapping[str, Requirer | None], below: Mapping[str, str]) -> tuple[Requirer, ...]:
        found = []
        current: str | None = start
        while current is not None:
            step = steps[current]
            if step is not None:
                found.append(step)
            current = below.get(current)
        return tuple(found)

    def _chain(self, node: ResolvedDistribution) -> list[str]:
        return [f"required by {step}" for step in reversed(self.path_to(node.name))]


def _later_first(build: tuple[int, str]) -> tuple[int, tuple[int, ...]]:
    number, letters = build
    return -number, tuple(-ord(letter) for letter in letters)


def resolve(lock: Lock, *, roots: Roots, environment: MarkerEnvironment, tags: SupportedTags) -> Resolution:
    """Walk the lock from `roots` for one target."""
    _check_target(lock, environment)
    starts = _starts(lock, roots)
    active = frozenset(
        (
            *(item.marker_item for item in _chosen_items(roots)),
            *roots.script_extras,
            *roots.script_groups,
            *lock.default_groups,
        )
    )
    _check_conflicts(lock, active)
    while True:
        walk = _Walk(lock, environment, active)
        walk.run(starts)
        grown = active | walk.extra_items
        if grown == active:
            break
        active = grown
    _check_conflicts(lock, active)
    return walk.resolution(tags, starts)


def _check_target(lock: Lock, environment: MarkerEnvironment) -> None:
    version = environment.python_full_version
    try:
        accepted = SpecifierSet(lock.requires_python).contains(version, prereleases=True)
    except InvalidSpecifier:
        raise MalformedLock(lock.filename, "`requires-python` is not a version specifier") from None
    if not accepted:
        raise UnsupportedTarget(
            lock.filename,
            f"the lock file requires Python {lock.requires_python}, the target is Python {version}",
            "choose another Python version, or widen `requires-python` and lock again",
        )
    if lock.supported_markers and not any(environment.satisfies(marker) for marker in lock.supported_markers):
        raise UnsupportedTarget(
            lock.filename,
            f"the lock file was not made for Python {version} on {environment.variables['platform_system']} "
            f"{environment.variables['platform_machine']}",
            "add the target to `tool.uv.environments` and lock again",
        )


def _chosen_items(roots: Roots) -> Iterator[ConflictItem]:
    for root in roots.members:
        if root.project:
            yield ConflictItem(root.member)
        yield from (ConflictItem(root.member, extra=extra) for extra in root.extras)
        yield from (ConflictItem(root.member, group=group) for group in root.groups)


def _check_conflicts(lock: Lock, active: frozenset[str]) -> None:
    clashes = []
    for items in lock.conflicts:
        present = [item for item in items if item.marker_item in active]
        if len(present) > 1:
            clashes.append(present)
    if clashes:
        raise ConflictingRoots(lock.filename, clashes)


class _Start(NamedTuple):
    """Edges that hang on a root; `package` is the project they belong to, None for those of the lock itself."""

    requirer: Requirer
    edges: Edges
    package: int | None


def _starts(lock: Lock, roots: Roots) -> list[_Start]:
    starts: list[_Start] = []
    for root in sorted(roots.members):
        if root.member not in lock.members:
            raise UnknownRoot(lock.filename, f"project `{root.member}`", lock.members)
        index = lock.target(Edge(root.member))
        package = lock.packages[index]
        if root.project:
            extras = tuple(sorted(set(root.extras)))
            unknown = [extra for extra in extras if extra not in package.optional_dependencies]
            if unknown:
                raise UnknownRoot(
                    lock.filename, f"extra `{unknown[0]}` of `{root.member}`", package.optional_dependencies
                )
            starts.append(_Start(Requirer(""), (Edge(root.member, extras=extras),), index))
        for group in sorted(set(root.groups)):
            if group not in package.dev_dependencies:
                raise UnknownRoot(lock.filename, f"group `{group}` of `{root.member}`", package.dev_dependencies)
            edges = package.dev_dependencies[group]
            starts.append(_Start(Requirer(root.member, group=group), edges, index))
    unknown_extras = sorted(set(roots.script_extras) - set(lock.extras))
    if unknown_extras:
        raise UnknownRoot(lock.filename, f"extra `{unknown_extras[0]}`", lock.extras)
    if roots.script:
        starts.append(_Start(Requirer(""), lock.requirements, None))
    for group in sorted(set(roots.script_groups)):
        if group not in lock.groups:
            raise UnknownRoot(lock.filename, f"group `{group}`", lock.groups)
        starts.append(_Start(Requirer("", group=group), lock.groups[group], None))
    return starts


class _Walk:
    """One pass over the lock under one active set."""

    def __init__(self, lock: Lock, environment: MarkerEnvironment, active: frozenset[str]) -> None:
        self._lock = lock
        self._environment = environment
        self._active = active
        self._pending: deque[tuple[int, str | None]] = deque()
        self._seen: set[tuple[int, str | None]] = set()
        self._extras: dict[int, set[str]] = {}
        self._dependencies: dict[int, set[int]] = {}
        self._requirers: dict[int, set[Requirer]] = {}
        self._group_members: dict[tuple[str, str], tuple[str, ...]] = {}
        self.extra_items: frozenset[str] = frozenset()

    def run(self, starts: Iterable[_Start]) -> None:
        for start in starts:
            targets = self._follow(start.requirer, start.edges, self._active)
            if start.requirer.group is not None:
                names = sorted({self._lock.packages[target].name for target in targets})
                self._group_members[(start.requirer.name, start.requirer.group)] = tuple(names)
        while self._pending:
            index, extra = self._pending.popleft()
            package = self._lock.packages[index]
            if extra is None:
                edges, active = package.dependencies, self._active
            else:
                # An unknown extra is not an error: the resolver warns about it and takes none.
                edges = package.optional_dependencies.get(extra, ())
                active = self._active | {extra}
            targets = self._follow(Requirer(package.name, extra), edges, active)
            self._dependencies.setdefault(index, set()).update(targets)
        self.extra_items = frozenset(
            ConflictItem(self._lock.packages[index].name, extra=extra).marker_item
            for index, extras in self._extras.items()
            for extra in extras
        )

    def _follow(self, requirer: Requirer, edges: Edges, active: frozenset[str]) -> list[int]:
        targets = []
        for edge in edges:
            if edge.marker is not None and not self._environment.satisfies(edge.marker, active, groups=active):
                continue
            target = self._lock.target(edge)
            targets.append(target)
            self._requirers.setdefault(target, set()).add(requirer)
            self._visit(target, None)
            for extra in edge.extras:
                self._extras.setdefault(target, set()).add(extra)
                self._visit(target, extra)
        return targets

    def _visit(self, index: int, extra: str | None) -> None:
        if (index, extra) not in self._seen:
            self._seen.add((index, extra))
            self._pending.append((index, extra))

    def resolution(self, tags: SupportedTags, starts: Iterable[_Start]) -> Resolution:
        packages: dict[str, LockedPackage] = {}
        for index in sorted({index for index, _ in self._seen}):
            package = self._lock.packages[index]
            other = packages.setdefault(package.name, package)
            if other is not package:
                raise MalformedLock(
                    self._lock.filename,
                    f"its markers lead to both `{other}` and `{package}` on one target",
                )
        self._check_versions(packages.values())
        nodes: dict[str, ResolvedDistribution] = {}
        for index, package in sorted(
            ((i, self._lock.packages[i]) for i in {index for index, _ in self._seen}), key=lambda pair: pair[1].name
        ):
            names = {self._lock.packages[target].name for target in self._dependencies.get(index, ())}
            requirers = self._requirers.get(index, ())
            nodes[package.name] = ResolvedDistribution(
                name=package.name,
                version=package.version,
                source=package.source,
                extras=tuple(sorted(self._extras.get(index, ()))),
                # A package whose extra names another of its own extras depends on itself, which says nothing.
                dependencies=tuple(sorted(names - {package.name})),
                required_by=tuple(
                    sorted(
                        (r for r in requirers if r.name != package.name),
                        key=lambda r: (r.name, r.extra or "", r.group or ""),
                    )
                ),
            )
        graph = {name: node.dependencies for name, node in nodes.items()}
        components = strongly_connected(graph)
        return Resolution(self._lock, tags, nodes, dict(sorted(self._group_members.items())), components, packages)

    def _check_versions(self, packages: Iterable[LockedPackage]) -> None:
        """Refuse what says itself that it is for other versions of Python."""
        version = self._environment.python_full_version
        refused = [
            f"`{package}` requires Python {package.requires_python}"
            for package in sorted(packages, key=lambda package: package.name)
            if package.requires_python and not SpecifierSet(package.requires_python).contains(version, prereleases=True)
        ]
        if refused:
            raise UnsupportedTarget(
                self._lock.filename,
                f"packages of the lock file are not for Python {version}:\n  " + "\n  ".join(refused),
                "choose another Python version, or lock again for this one",
            )


def reachable_anywhere(lock: Lock, roots: Roots) -> frozenset[str]:
    """The names that `roots` may need on some target: every edge is followed, whatever its marker says."""
    seen: set[tuple[int, str]] = set()
    pending = [edge for start in _starts(lock, roots) for edge in start.edges]
    while pending:
        edge = pending.pop()
        target = lock.target(edge)
        package = lock.packages[target]
        for extra in ("", *edge.extras):
            if (target, extra) not in seen:
                seen.add((target, extra))
                pending.extend(package.optional_dependencies.get(extra, ()) if extra else package.dependencies)
    return frozenset(lock.packages[index].name for index, _ in seen)
