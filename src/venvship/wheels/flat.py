"""Gives a flat lock its edges, from the metadata of the files that were chosen.

A flat lock says what is installed and not who needs whom. The metadata of each file does: `Requires-Dist` with its
markers, for the target and for the extras that are asked of the distribution.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from venvship.dataclass import dataclass
from venvship.wheels.components import strongly_connected
from venvship.wheels.filename import normalise_name
from venvship.wheels.markers import Marker, MarkerEnvironment, MarkerSyntaxError, parse_marker
from venvship.wheels.resolution import Requirer, Resolution

_MAX_REQUIREMENTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class RequiresDist:
    """What a distribution needs of another one, and when; `line` says all of it, with the versions it may have."""

    name: str
    extras: tuple[str, ...] = ()
    marker: Marker | None = None
    line: str = field(default="", compare=False)

    @property
    def specifier(self) -> SpecifierSet:
        return Requirement(self.line or self.name).specifier


def parse_metadata(content: bytes) -> tuple[RequiresDist, ...]:
    """The `Requires-Dist` lines of a METADATA file; raises ValueError for one that cannot be read."""
    # It brings a dozen modules, and most commands read no metadata.
    import email.parser

    headers = email.parser.BytesHeaderParser().parsebytes(content)
    lines = headers.get_all("Requires-Dist") or []
    if len(lines) > _MAX_REQUIREMENTS:
        raise ValueError(f"it has {len(lines)} requirements")
    return tuple(parse_requires_dist(str(line)) for line in lines)


def parse_requires_dist(line: str) -> RequiresDist:
    """One requirement of metadata or of a build backend; raises ValueError."""
    try:
        requirement = Requirement(line)
        marker = None if requirement.marker is None else parse_marker(str(requirement.marker))
    except (InvalidRequirement, MarkerSyntaxError) as error:
        raise ValueError(f"`{line[:120]}` is not a requirement: {error}") from None
    extras = tuple(sorted({normalise_name(extra) for extra in requirement.extras}))
    return RequiresDist(normalise_name(requirement.name), extras, marker, str(requirement))


def linked(
    resolution: Resolution, requires: Mapping[str, Iterable[RequiresDist]], environment: MarkerEnvironment
) -> Resolution:
    """The same distributions with the edges that their metadata has; those that the lock left out are left out."""
    asked: dict[str, set[str]] = {name: set(node.extras) for name, node in resolution.distributions.items()}
    needed: dict[str, set[str]] = {name: set() for name in resolution.distributions}
    requirers: dict[str, set[Requirer]] = {
        name: set(node.required_by) for name, node in resolution.distributions.items()
    }
    pending = deque(resolution.distributions)
    while pending:
        name = pending.popleft()
        for one in requires.get(name, ()):
            if one.name not in needed or one.name == name:
                continue
            extra = _holds(one.marker, environment, asked[name])
            if extra is None:
                continue
            needed[name].add(one.name)
            requirers[one.name].add(Requirer(name, extra or None))
            if not asked[one.name].issuperset(one.extras):
                asked[one.name].update(one.extras)
                pending.append(one.name)
    nodes = {
        name: replace(
            node,
            extras=tuple(sorted(asked[name])),
            dependencies=tuple(sorted(needed[name])),
            required_by=tuple(sorted(requirers[name], key=lambda r: (r.name, r.extra or "", r.group or ""))),
        )
        for name, node in resolution.distributions.items()
    }
    components = strongly_connected({name: node.dependencies for name, node in nodes.items()})
    return replace(resolution, distributions=nodes, components=components)


def _holds(marker: Marker | None, environment: MarkerEnvironment, extras: Iterable[str]) -> str | None:
    """The extra by which a requirement counts, an empty text when it needs none; None when it does not count."""
    if marker is None or environment.satisfies(marker):
        return ""
    return next((extra for extra in sorted(extras) if environment.satisfies(marker, {extra})), None)
