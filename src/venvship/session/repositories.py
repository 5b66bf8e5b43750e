"""All repositories of a workspace: the workspace, modules, hubs, and what venvship supplies itself."""

from __future__ import annotations

import importlib.resources
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from venvship.errors import UserError
from venvship.loading.repositories import GeneratedPackages, KnownRepositories, Repository, TargetSpec
from venvship.loading.workspace import join_host
from venvship.model.label import MAIN_REPOSITORY
from venvship.modules.module_file import ArchiveOverride, GitOverride, LocalPathOverride
from venvship.modules.module_graph import (
    BuiltinSource,
    Module,
    ModuleGraph,
    RegistrySource,
    RootSource,
    UnsupportedOverride,
)


class UnsuppliedRepository(UserError):
    """A repository that `use_repo` imports and that its extension does not make."""


@dataclass(frozen=True, slots=True)
class FixedPackage:
    """A repository with one package, its root, and fixed targets: names of rule classes and of targets."""

    targets: tuple[tuple[str, str], ...]

    def package(self, path: str) -> Sequence[TargetSpec] | None:
        return None if path else [TargetSpec(rule, name) for rule, name in self.targets]

    def package_paths(self) -> Iterable[str]:
        return ("",)

    def source(self, path: str) -> bytes | None:
        return None


def builtin_modules_root() -> Path:
    """The directory that holds the built-in modules, one below the other."""
    return Path(str(importlib.resources.files("venvship.modules").joinpath("builtin")))


def workspace_repositories(
    workspace: Path, graph: ModuleGraph, generated: Mapping[str, GeneratedPackages]
) -> tuple[KnownRepositories, dict[str, Path]]:
    """All repositories, and the directories of those that have one by canonical name."""
    repositories: list[Repository] = []
    directories: dict[str, Path] = {}
    for name, module in graph.modules.items():
        root = _root(workspace, module)
        directories[name] = Path(root)
        repositories.append(
            Repository(name, module.mapping, root=root, is_builtin=isinstance(module.source, BuiltinSource))
        )
    for name, packages in generated.items():
        repositories.append(Repository(name, graph.mapping_of(MAIN_REPOSITORY), generated=packages))
    for name, usages in graph.extension_repositories().items():
        if name not in generated:
            raise UnsuppliedRepository(
                f"extension `{usages[0].extension}` makes no repository `{name}`",
                place=usages[0].usage.place,
                hint="take the name out of `use_repo`, or add the tag that makes it",
            )
    if graph.repo_rule_usages:
        usage = graph.repo_rule_usages[0].usage
        raise UnsupportedOverride(f"repository rules (`{usage.name}`) are not supported yet", place=usage.place)
    return KnownRepositories(repositories), directories


def _root(workspace: Path, module: Module) -> str:
    match module.source:
        case RootSource():
            return str(workspace)
        case BuiltinSource(name):
            return str(builtin_modules_root() / name)
        case LocalPathOverride(path=path):
            return os.path.normpath(join_host(str(workspace), path))
        case ArchiveOverride() | GitOverride() | RegistrySource():
            raise UnsupportedOverride(
                f"the override of module `{module.canonical_name}` downloads it, which is not supported yet",
                hint="check the module out and use local_path_override",
            )
