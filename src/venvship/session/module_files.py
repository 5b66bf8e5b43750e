"""MODULE.bazel files of the workspace, of overridden modules, of registries and of built-in modules."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import assert_never

from venvship.errors import Place, UserError
from venvship.loading.workspace import MODULE_FILE, join_host
from venvship.modules.module_evaluation import evaluate_module_file
from venvship.modules.module_file import ArchiveOverride, GitOverride, LocalPathOverride, ModuleFile
from venvship.modules.module_sources import BuiltinSource, ModuleSource, RegistrySource, RootSource
from venvship.session.repositories import ExternalSources, builtin_modules_root


class MissingModule(UserError):
    """An override leads to a directory that does not exist."""


class DiskModuleFiles:
    """Reads modules from the disk and from registries, through the memo."""

    def __init__(self, workspace: Path, sources: ExternalSources, print_handler: Callable[[str, Place], None]) -> None:
        self._workspace = workspace
        self._sources = sources
        self._files = sources.observer.files
        self._print = print_handler

    @functools.cached_property
    def _builtin_names(self) -> frozenset[str]:
        root = builtin_modules_root()
        return frozenset(name for name in os.listdir(root) if (root / name / MODULE_FILE).is_file())

    def builtin_names(self) -> frozenset[str]:
        return self._builtin_names

    def registries(self) -> tuple[str, ...]:
        return self._sources.registries.addresses

    def holds(self, registry: str, name: str, version: str) -> bool:
        return self._sources.registries.get(registry).module_file(name, version) is not None

    def yanked(self, source: RegistrySource) -> str | None:
        return self._sources.registries.get(source.registry).yanked(source.name).get(source.version)

    def module_file(self, source: ModuleSource, name: str) -> ModuleFile:
        match source:
            case RootSource():
                return self._read(str(self._workspace), MODULE_FILE, is_root=True)
            case BuiltinSource(name=builtin):
                return self._read(str(builtin_modules_root() / builtin), f"@{builtin}/{MODULE_FILE}")
            case LocalPathOverride(path=path, place=place):
                directory = os.path.normpath(os.path.join(self._workspace, path))
                if not os.path.isdir(directory):
                    raise MissingModule(
                        f"the override of module `{name}` leads to `{path}`, which is no directory", place=place
                    )
                return self._read(directory, f"@{name}/{MODULE_FILE}")
            case RegistrySource(version=version, registry=registry):
                text = self._sources.registries.module_file(registry, name, version)
                return evaluate_module_file(text, filename=f"@{name}/{MODULE_FILE}", print_handler=self._print)
            case ArchiveOverride() | GitOverride():
                # Only the files themselves tell what such a module needs.
                return self._read(str(self._sources.modules.obtain(name, source)), f"@{name}/{MODULE_FILE}")
            case _:
                assert_never(source)

    def _read(self, directory: str, shown: str, *, is_root: bool = False) -> ModuleFile:
        def include(path: str) -> bytes | None:
            return self._files.read(join_host(directory, path))

        return evaluate_module_file(
            self._files.read(join_host(directory, MODULE_FILE)) or b"",
            filename=shown,
            read_include=include if is_root else None,
            print_handler=self._print,
        )
