"""Configured targets: what a target is under one configuration, as its dependants see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from venvship.dataclass import dataclass
from venvship.errors import InternalError, Place
from venvship.model.action import Action
from venvship.model.configuration import Configuration
from venvship.model.label import Label
from venvship.model.provider import DefaultInfo

P = TypeVar("P")

_FILE_KINDS = frozenset({"source file", "generated file"})


class TargetKey(NamedTuple):
    """A label and the configuration it is built under; source files and package groups have none."""

    label: Label
    configuration: Configuration | None

    def __str__(self) -> str:
        return str(self.label)


@dataclass(frozen=True, slots=True, eq=False)
class ConfiguredTarget:
    """The providers of a target and the actions that it declared.

    `providers` is keyed by provider class for built-in providers. `label` is the target's own, also behind an alias.
    """

    key: TargetKey
    kind: str
    place: Place
    providers: Mapping[object, object]
    actions: tuple[Action, ...] = ()
    tags: tuple[str, ...] = ()
    testonly: bool = False
    incompatible: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def label(self) -> Label:
        return self.key.label

    @property
    def is_file(self) -> bool:
        """Whether this is a source file or an output, which no rule speaks for."""
        return self.kind in _FILE_KINDS

    @property
    def default_info(self) -> DefaultInfo:
        return self[DefaultInfo]

    def get(self, provider: type[P]) -> P | None:
        """The provider of this class, or None."""
        found = self.providers.get(provider)
        return found if isinstance(found, provider) else None

    def __getitem__(self, provider: type[P]) -> P:
        found = self.get(provider)
        if found is None:
            raise InternalError(f"`{self.label}` was used as having {provider.__name__}, which it does not provide")
        return found
