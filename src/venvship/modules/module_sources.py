"""Where modules come from, and where their text does."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from venvship.dataclass import dataclass
from venvship.modules.module_file import ModuleFile, SingleVersionOverride, SourceOverride


@dataclass(frozen=True, slots=True)
class RootSource:
    """The workspace."""


@dataclass(frozen=True, slots=True)
class BuiltinSource:
    """A module that comes with venvship."""

    name: str


@dataclass(frozen=True, slots=True)
class RegistrySource:
    """A version of a module, in the registry at an address; `changes` patches it further."""

    name: str
    version: str
    registry: str
    changes: SingleVersionOverride | None = None


ModuleSource: TypeAlias = RootSource | BuiltinSource | RegistrySource | SourceOverride


class ModuleFiles(Protocol):
    """Where the text of modules comes from."""

    def builtin_names(self) -> frozenset[str]: ...

    def module_file(self, source: ModuleSource, name: str) -> ModuleFile:
        """The evaluated `MODULE.bazel` of a module; an empty value when it has none."""
        ...

    def registries(self) -> tuple[str, ...]:
        """The addresses of the registries, in the order in which they are asked."""
        ...

    def holds(self, registry: str, name: str, version: str) -> bool:
        """Whether a registry has a version of a module."""
        ...

    def yanked(self, source: RegistrySource) -> str | None:
        """Why the version was withdrawn; None when it was not."""
        ...
