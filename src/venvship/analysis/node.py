"""Targets between the two passes of analysis, and aspects on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from venvship.analysis.action_groups import ActionGroups
from venvship.analysis.aspects import (
    AspectKey,
)
from venvship.analysis.build_settings import LABEL_SETTINGS
from venvship.analysis.configured_target import TargetKey
from venvship.dataclass import dataclass
from venvship.errors import VenvshipError
from venvship.loading.aspects import AspectDefinition
from venvship.loading.attributes import PlainValue
from venvship.loading.targets import Target
from venvship.model.label import Label

FORWARDING_RULES = frozenset({"alias", *LABEL_SETTINGS})
"""Rules whose targets stand for another one, that of their edge `actual`."""

TOOLCHAIN_EDGES = "toolchains of the rule"
"""The name under which a node has its toolchains among its edges."""

AspectsOfEdges: TypeAlias = Mapping[str, tuple[tuple[AspectKey, ...], ...]]
"""The aspects on the dependencies of attributes, for each edge in order."""


@dataclass(slots=True, eq=False)
class Node:
    """A target whose choices are made and whose dependencies are known, before its rule function has run.

    `splits` names the configurations of attributes with a transition of a `.bzl` file, whose edges are those of the
    first configuration, then those of the next. `toolchains` are implementations by type, `exec_groups` the same for
    each group of actions, and `groups` know where actions run.
    """

    key: TargetKey
    target: Target
    values: Mapping[str, PlainValue] = field(default_factory=dict)
    edges: Mapping[str, tuple[TargetKey, ...]] = field(default_factory=dict)
    conditions: tuple[TargetKey, ...] = ()
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    toolchains: Mapping[Label, TargetKey] = field(default_factory=dict)
    exec_groups: Mapping[str, Mapping[Label, TargetKey]] = field(default_factory=dict)
    aspects: AspectsOfEdges = field(default_factory=dict)
    problems: Sequence[VenvshipError] = ()
    groups: ActionGroups | None = None

    @property
    def needs(self) -> Iterable[TargetKey | AspectKey]:
        """Everything that is analysed before this, in order."""
        for attribute, edges in self.edges.items():
            aspects = self.aspects.get(attribute)
            for position, edge in enumerate(edges):
                yield edge
                if aspects is not None:
                    yield from aspects[position]


@dataclass(slots=True, eq=False)
class AspectNode:
    """An aspect on a target: `base` is the target's node, `node` has the aspect's own attributes.

    `aspects` are those on the dependencies of the target as this aspect sees them, `bases` those on the target itself
    whose results it sees, `path` those that travel together and run here, this one last. On a target that stands for
    another one, `forwarded` is the aspect on that one.
    """

    key: AspectKey
    base: Node
    node: Node
    aspects: AspectsOfEdges = field(default_factory=dict)
    bases: tuple[AspectKey, ...] = ()
    path: tuple[AspectDefinition, ...] = ()
    forwarded: AspectKey | None = None

    @property
    def needs(self) -> Iterable[TargetKey | AspectKey]:
        """Everything that is analysed before this, in order."""
        yield self.base.key
        yield from self.node.needs
        yield from self.bases
        for groups in self.aspects.values():
            for aspects in groups:
                yield from aspects
        if self.forwarded is not None:
            yield self.forwarded


def targets_of(keys: Iterable[TargetKey | AspectKey]) -> Iterator[TargetKey]:
    """Those that are targets, or that aspects are on."""
    return (key.target if isinstance(key, AspectKey) else key for key in keys)
