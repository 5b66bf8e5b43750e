"""What happens when two wheels want the same name."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.venvs.merge import Clash
from venvship.venvs.metadata import normalised_name
from venvship.venvs.scripts import Bringer, FirstPartyDistribution, Scripts
from venvship.venvs.wheel_layout import InstalledWheel


class CollisionPolicy(enum.Enum):
    """The values of `package_collisions`."""

    ERROR = "error"
    WARNING = "warning"
    IGNORE = "ignore"


class Precedence(enum.Enum):
    """Which of several wheels, in dependency order, gets a name that they all want."""

    FIRST_WINS = "first wins"
    LAST_WINS = "last wins"


class CollisionKind(enum.Enum):
    TOP_LEVEL = "top-level name"
    NAMESPACE_ENTRY = "namespace entry"
    FILE = "file"
    METADATA = "distribution metadata"
    SCRIPT = "console script"
    DATA_FILE = "data file"


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """Who brings a name: a distribution, where its files lie, and what needs it."""

    distribution: str
    place: str
    required_by: str = ""

    def __str__(self) -> str:
        text = f"{self.distribution} ({self.place})"
        return f"{text}, required by {self.required_by}" if self.required_by else text


@dataclass(frozen=True, slots=True)
class Collision:
    """A name with several owners, the one that keeps it first; `files` counts all that they compete for there."""

    kind: CollisionKind
    name: str
    owners: tuple[Owner, ...]
    files: int = 1

    def __str__(self) -> str:
        count = ""
        if self.files > 1:
            count = f" and {self.files - 1} more" if self.kind is CollisionKind.FILE else f" ({self.files} files)"
        lines = [f"{self.kind.value} `{self.name}`{count}:", *(f"  {owner}" for owner in self.owners)]
        return "\n".join(lines)


class CollidingWheels(UserError):
    """Wheels of one venv install different things under one name."""

    def __init__(self, collisions: Sequence[Collision]) -> None:
        super().__init__(
            "these names are installed by more than one distribution:\n" + _listed(collisions),
            hint='keep one distribution of each name in deps, or set `package_collisions = "warning"`',
        )
        self.collisions = tuple(collisions)


@dataclass(frozen=True, slots=True)
class VersionClash:
    """One distribution in several builds or versions, the one that is kept first."""

    project: str
    owners: tuple[Owner, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.project}:", *(f"  {owner}" for owner in self.owners)])


class SeveralVersions(UserError):
    """A venv can hold one version of a distribution, and is asked for more."""

    def __init__(self, clashes: Sequence[VersionClash]) -> None:
        super().__init__(
            "a venv holds one version of a distribution, but deps lead to several:\n" + _listed(clashes),
            hint="let all targets of the venv depend on one version, or put them into venvs of their own",
        )
        self.clashes = tuple(clashes)


Why: TypeAlias = Callable[[InstalledWheel], str]
"""Names the target that brings a wheel into a venv; empty when nobody knows."""


def nobody_knows_why(wheel: InstalledWheel) -> str:
    return ""


def owner_of(wheel: InstalledWheel, why: Why) -> Owner:
    return Owner(str(wheel), wheel.site_packages, why(wheel))


def collisions_in_site(clashes: Iterable[Clash], why: Why) -> list[Collision]:
    """One collision for each importable thing that the same wheels compete for, however many files differ."""
    files: defaultdict[tuple[str, tuple[InstalledWheel, ...]], list[str]] = defaultdict(list)
    for clash in clashes:
        files[_importable(clash), clash.wheels].append(clash.path)
    found: list[Collision] = []
    for (thing, wheels), paths in files.items():
        owners = tuple(owner_of(wheel, why) for wheel in wheels)
        if any(thing in wheel.metadata_directories for wheel in wheels):
            found.append(Collision(CollisionKind.METADATA, thing, owners))
        elif thing in paths or any(path.startswith(f"{thing}/__init__.") for path in paths):
            kind = CollisionKind.NAMESPACE_ENTRY if "/" in thing else CollisionKind.TOP_LEVEL
            found.append(Collision(kind, thing, owners, len(paths)))
        else:
            # The package itself has one owner, and the others extend it: only these files are in dispute.
            found.append(Collision(CollisionKind.FILE, min(paths), owners, len(paths)))
    return found


def bringer_of(bringer: Bringer, why: Why) -> Owner:
    if isinstance(bringer, InstalledWheel):
        return owner_of(bringer, why)
    return Owner(f"{bringer.name} {bringer.version}", "first-party")


def collisions_in_metadata(
    builds: Sequence[InstalledWheel], members: Sequence[FirstPartyDistribution], why: Why
) -> Iterable[Collision]:
    by_project = {wheel.project: wheel for wheel in builds}
    for member in members:
        wheel = by_project.get(normalised_name(member.name))
        if wheel is not None:
            yield Collision(CollisionKind.METADATA, wheel.project, (bringer_of(member, why), owner_of(wheel, why)))


def collisions_in_scripts(scripts: Scripts, why: Why) -> Iterable[Collision]:
    for name, claims in scripts.clashes:
        yield Collision(CollisionKind.SCRIPT, name, tuple(bringer_of(claim.bringer, why) for claim in claims))


def collisions_in_data(clashes: Iterable[Clash], why: Why) -> Iterable[Collision]:
    for clash in clashes:
        yield Collision(CollisionKind.DATA_FILE, clash.path, tuple(owner_of(wheel, why) for wheel in clash.wheels))


def _importable(clash: Clash) -> str:
    """The shortest part of the path that is not a namespace to one of its wheels."""
    end = clash.path.find("/")
    while end >= 0:
        directory = clash.path[:end]
        if any(wheel.is_package(directory) or directory in wheel.metadata_directories for wheel in clash.wheels):
            return directory
        end = clash.path.find("/", end + 1)
    return clash.path


def _listed(items: Sequence[object]) -> str:
    return "\n".join("  " + line for item in items for line in str(item).splitlines())
