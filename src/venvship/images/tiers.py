"""Which wheels share a layer.

A layer is what a registry stores and a machine pulls at once, so wheels that change for different reasons should not
share one, and an image can't have many. Named groups come first, as the user gave them. Of the rest, large wheels are
layers of their own, made once for all images; medium ones, small ones, and small ones before their first stable
release (which are released most often) share a layer each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from venvship.dataclass import dataclass
from venvship.errors import UserError

OWN_LAYER_FROM = 8 << 20
"""Unpacked size in bytes from which a wheel is a layer of its own."""

MEDIUM_FROM = 1 << 20

MOST_LAYERS = 127
"""What container engines take."""

MOST_OWN_LAYERS = 60
"""A base and the user's own layers need room as well."""


class UnknownGroupMember(UserError):
    """A group names a wheel that no binary of the image needs, in a way that can't be meant."""

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__(
            "these keys of `groups` are no distribution and no target:\n" + "\n".join(f"  {key}" for key in keys),
            hint="write `@hub//distribution`, `@hub//distribution:glob` or `//package:target`",
        )


@dataclass(frozen=True, slots=True)
class TierWheel:
    """What the choice depends on; `key` is the distribution's label without a target name: `@pypi//numpy`.

    `version` may go on with what tells it from others of that version.
    """

    key: str
    version: str
    size: int


@dataclass(frozen=True, slots=True)
class WheelPart:
    """A wheel, or those of its files that match `include` and none of `exclude`."""

    wheel: TierWheel
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return not self.include and not self.exclude


@dataclass(frozen=True, slots=True)
class Tier:
    """Parts of wheels that share a layer, and why."""

    name: str
    parts: tuple[WheelPart, ...]
    reason: str

    @property
    def size(self) -> int:
        """Unpacked size of the wheels that are here as a whole."""
        return sum(part.wheel.size for part in self.parts if part.is_whole)


@dataclass(frozen=True, slots=True)
class GroupKeys:
    """The keys of `groups`, told apart: distributions, files of distributions by pattern, and targets."""

    wheels: Mapping[str, str] = field(default_factory=dict)
    globs: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, groups: Mapping[str, str]) -> GroupKeys:
        """Raises UnknownGroupMember."""
        wheels: dict[str, str] = {}
        globs: dict[str, list[tuple[str, str]]] = {}
        targets: dict[str, str] = {}
        bad: list[str] = []
        for key, group in groups.items():
            repository, slashes, rest = key.lstrip("@").partition("//")
            package, colon, pattern = rest.partition(":")
            if not slashes or not group or (colon and not pattern) or (repository and not package):
                bad.append(key)
            elif not repository:
                targets[key] = group
            elif colon and pattern != package and pattern not in ("whl", "pkg"):
                globs.setdefault(f"@{repository}//{package}", []).append((pattern, group))
            else:
                wheels[f"@{repository}//{package}"] = group
        if bad:
            raise UnknownGroupMember(bad)
        return cls(wheels, globs, targets)


def plan_tiers(wheels: Sequence[TierWheel], keys: GroupKeys, *, most: int = MOST_OWN_LAYERS) -> tuple[Tier, ...]:
    """The layers of `wheels`, lowest first; at most `most` and three more, unless the user names more groups."""
    named: dict[str, list[WheelPart]] = {}
    rest: list[tuple[TierWheel, tuple[str, ...]]] = []
    for wheel in wheels:
        patterns = keys.globs.get(wheel.key, ())
        before: list[str] = []
        for pattern, group in patterns:
            anywhere = pattern if pattern.startswith("**") else f"**/{pattern}"
            named.setdefault(group, []).append(WheelPart(wheel, (anywhere,), tuple(before)))
            before.append(anywhere)
        group_of_rest = keys.wheels.get(wheel.key)
        if group_of_rest is not None:
            named.setdefault(group_of_rest, []).append(WheelPart(wheel, (), tuple(before)))
        else:
            rest.append((wheel, tuple(before)))
    own = _large(rest, max(most - len(named), 0))
    tiers = [
        Tier(
            wheel.key, (WheelPart(wheel, (), cut),), f"unpacked it has {_mib(wheel.size)}, so it is a layer of its own"
        )
        for wheel, cut in rest
        if wheel in own
    ]
    shared: dict[str, list[WheelPart]] = {"medium wheels": [], "wheels": [], "young wheels": []}
    for wheel, cut in rest:
        if wheel not in own:
            shared[_class(wheel)].append(WheelPart(wheel, (), cut))
    reasons = {
        "medium wheels": f"wheels of {_mib(MEDIUM_FROM)} to {_mib(OWN_LAYER_FROM)}, or for which no layer was left",
        "wheels": f"wheels below {_mib(MEDIUM_FROM)}",
        "young wheels": f"wheels below {_mib(MEDIUM_FROM)} before version 1, which are released most often",
    }
    tiers += [Tier(name, tuple(parts), reasons[name]) for name, parts in shared.items() if parts]
    groups = [Tier(name, tuple(named[name]), "`groups` names it") for name in sorted(named)]
    return (*groups, *tiers)


def _large(wheels: Iterable[tuple[TierWheel, tuple[str, ...]]], most: int) -> frozenset[TierWheel]:
    found = [wheel for wheel, _ in wheels if wheel.size >= OWN_LAYER_FROM]
    return frozenset(sorted(found, key=lambda wheel: (-wheel.size, wheel.key))[:most])


def _class(wheel: TierWheel) -> str:
    if wheel.size >= MEDIUM_FROM:
        return "medium wheels"
    return "young wheels" if wheel.version.startswith("0.") else "wheels"


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"
