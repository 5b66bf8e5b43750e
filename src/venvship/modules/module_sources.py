"""Where modules come from, and where their text does."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
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


@dataclass(frozen=True, slots=True)
class AbsentSource:
    """Of a module that can't be had: why, for whoever needs something of it. Depending on it is no mistake yet.

    `was_tried` are those that should have been there, of which the user is told in any case.
    """

    name: str
    message: str
    place: Place | None = None
    hint: str = ""
    was_tried: bool = False

    @property
    def reason(self) -> str:
        """The message for an error that has a place of its own."""
        return self.message if self.place is None else f"{self.message}, needed at {self.place}"


class UnknownModule(UserError):
    """Something is needed of a module that is neither built in nor overridden nor in a registry."""

    def __init__(self, absent: AbsentSource) -> None:
        super().__init__(absent.message, place=absent.place, hint=absent.hint or None)
        self.module_name = absent.name


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
