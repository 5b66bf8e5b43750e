"""Which distributions of a lock build another one from source.

A lock does not pin what builds a source archive, so the build takes what the lock has of the names that the archive
asks for: setuptools of a `build` group, for example. Of several versions it takes one that the archive asks for; where
there is none of these, it takes what there is. Only wheels are taken; a build does not start with another one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
from venvship.wheels.flat import RequiresDist
from venvship.wheels.lock import Lock, LockedPackage, LockedWheel
from venvship.wheels.markers import MarkerEnvironment
from venvship.wheels.tags import SupportedTags

_RUST: Final = "puccinialin"
"""What maturin asks for where no `cargo` is found, to download one, which builds can't."""
_NO_RUST: Final = "install Rust, whose `cargo` is not to be found here, or lock a version that has a wheel"


class MissingBuildRequirement(UserError):
    """A source archive needs something to be built that its lock does not have as a wheel."""

    def __init__(self, lock: str, project: str, missing: Iterable[str]) -> None:
        self.missing = tuple(sorted(missing))
        command = " ".join(["uv add --group build", *self.missing])
        super().__init__(
            f"`{project}` is built from source, which needs {', '.join(f'`{name}`' for name in self.missing)}, and the "
            "lock has no wheel of that",
            place=Place(lock),
            hint=_NO_RUST if _RUST in self.missing else f"lock what builds it, for example with `{command}`",
        )


@dataclass(frozen=True, slots=True)
class BuildTool:
    """A wheel that is installed where a source archive is built."""

    package: LockedPackage
    wheel: LockedWheel


def build_set(
    lock: Lock,
    requirements: Iterable[RequiresDist],
    *,
    project: str,
    preferred: Mapping[str, LockedPackage],
    environment: MarkerEnvironment,
    tags: SupportedTags,
) -> tuple[BuildTool, ...]:
    """Everything that these requirements need, by name; `preferred` are versions that the target has anyway."""
    found: dict[str, BuildTool] = {}
    missing: set[str] = set()
    pending = deque((one.name, one.extras, one.specifier) for one in requirements if environment.satisfies(one.marker))
    seen: set[tuple[str, str]] = set()
    while pending:
        name, extras, specifier = pending.popleft()
        tool = found.get(name) or _tool(lock, name, specifier, preferred, tags)
        if tool is None:
            missing.add(name)
            continue
        found[name] = tool
        for extra in ("", *extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            edges = tool.package.optional_dependencies.get(extra, ()) if extra else tool.package.dependencies
            pending.extend(
                (e.name, e.extras, SpecifierSet(f"=={e.version}" if e.version else ""))
                for e in edges
                if environment.satisfies(e.marker, {extra})
            )
    if missing:
        raise MissingBuildRequirement(lock.filename, project, missing)
    return tuple(found[name] for name in sorted(found))


def _tool(
    lock: Lock, name: str, specifier: SpecifierSet, preferred: Mapping[str, LockedPackage], tags: SupportedTags
) -> BuildTool | None:
    packages = [lock.packages[index] for index in lock.by_name.get(name, ())]

    def fitness(package: LockedPackage) -> tuple[bool, bool, Version]:
        version = _version(package)
        return specifier.contains(version, prereleases=True), package == preferred.get(name), version

    packages.sort(key=fitness, reverse=True)
    for package in packages:
        ranked = [(rank, wheel) for wheel in package.wheels if (rank := tags.rank(wheel.filename)) is not None]
        if ranked:
            return BuildTool(package, min(ranked, key=lambda pair: (pair[0], pair[1].filename))[1])
    return None


def _version(package: LockedPackage) -> Version:
    try:
        return Version(package.version or "0")
    except InvalidVersion:
        return Version("0")
