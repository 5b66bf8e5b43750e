"""What one `MODULE.bazel` says, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import Place

TagValue: TypeAlias = object
"""An argument of a tag: None, bool, int, str, or tuples and mappings of these."""


@dataclass(frozen=True, slots=True)
class BazelDep:
    """A module that is needed. `repo_name` is what it is called here; None when it is not to be visible."""

    name: str
    version: str
    repo_name: str | None
    dev_dependency: bool
    place: Place
    max_compatibility_level: int = -1


@dataclass(frozen=True, slots=True)
class Tag:
    """One call of a tag on an extension: `uv.hub(name = "pypi")`."""

    name: str
    arguments: Mapping[str, TagValue]
    place: Place
    dev_dependency: bool = False


@dataclass(frozen=True, slots=True)
class ExtensionUsage:
    """What a module asks of one extension.

    `file` is the text of the label of its `.bzl` file, `name` the symbol there. `imports` gives, for each name by
    which the module sees a repository of the extension, the extension's own name for it. `replaced` gives, for names
    of the extension, what the module calls the repositories that take their place or are added.
    """

    file: str
    name: str
    tags: tuple[Tag, ...]
    imports: Mapping[str, str]
    place: Place
    dev_dependency: bool = False
    isolate: bool = False
    replaced: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.file}%{self.name}"


@dataclass(frozen=True, slots=True)
class RepoRuleUsage:
    """One repository made by calling a repository rule in `MODULE.bazel`."""

    file: str
    rule: str
    name: str
    arguments: Mapping[str, TagValue]
    place: Place
    dev_dependency: bool = False


@dataclass(frozen=True, slots=True)
class LocalPathOverride:
    """The module is a directory; `path` is relative to the root of the workspace, or absolute."""

    module_name: str
    path: str
    place: Place


@dataclass(frozen=True, slots=True)
class ArchiveOverride:
    """The module is an archive."""

    module_name: str
    urls: tuple[str, ...]
    integrity: str
    strip_prefix: str
    patches: tuple[str, ...]
    patch_strip: int
    place: Place
    patch_commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GitOverride:
    """The module is a commit of a git repository."""

    module_name: str
    remote: str
    reference: str
    strip_prefix: str
    patches: tuple[str, ...]
    patch_strip: int
    place: Place
    init_submodules: bool = False
    patch_commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SingleVersionOverride:
    """The module is used in this version, from this registry, with these patches; empty fields change nothing."""

    module_name: str
    version: str
    registry: str
    patches: tuple[str, ...]
    patch_strip: int
    place: Place
    patch_commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MultipleVersionOverride:
    """Several versions of the module may exist side by side."""

    module_name: str
    versions: tuple[str, ...]
    registry: str
    place: Place


Override: TypeAlias = (
    LocalPathOverride | ArchiveOverride | GitOverride | SingleVersionOverride | MultipleVersionOverride
)
SourceOverride: TypeAlias = LocalPathOverride | ArchiveOverride | GitOverride
"""Overrides that say where the files of a module come from."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A target pattern of toolchains or of execution platforms."""

    pattern: str
    place: Place
    dev_dependency: bool = False


@dataclass(frozen=True, slots=True)
class FlagAlias:
    """A short name for a build setting on the command line."""

    name: str
    target: str
    place: Place


@dataclass(frozen=True, slots=True)
class ModuleFile:
    """One `MODULE.bazel` with the files it includes. The name is empty for a module that does not give one."""

    name: str = ""
    version: str = ""
    repo_name: str = ""
    compatibility_level: int = 0
    deps: tuple[BazelDep, ...] = ()
    extensions: tuple[ExtensionUsage, ...] = ()
    repo_rules: tuple[RepoRuleUsage, ...] = ()
    overrides: Mapping[str, Override] = field(default_factory=dict)
    toolchains: tuple[Registration, ...] = ()
    execution_platforms: tuple[Registration, ...] = ()
    flag_aliases: tuple[FlagAlias, ...] = ()

    def without_dev(self) -> ModuleFile:
        """What it says to those that depend on it, or to a build that is told to ignore dev dependencies."""
        return replace(
            self,
            deps=tuple(dep for dep in self.deps if not dep.dev_dependency),
            extensions=tuple(
                replace(usage, tags=tuple(tag for tag in usage.tags if not tag.dev_dependency))
                for usage in self.extensions
                if not usage.dev_dependency
            ),
            repo_rules=tuple(call for call in self.repo_rules if not call.dev_dependency),
            toolchains=tuple(one for one in self.toolchains if not one.dev_dependency),
            execution_platforms=tuple(one for one in self.execution_platforms if not one.dev_dependency),
        )
