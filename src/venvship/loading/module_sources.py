"""Modules on the disk: those of the workspace, those it overrides with directories, and those that are built in."""

from __future__ import annotations

import os
from collections.abc import Callable

import venvship.modules
from venvship.errors import Place, UserError
from venvship.loading.files import EntryKind, SourceFiles
from venvship.loading.repositories import Repository
from venvship.loading.workspace import MODULE_FILE, join_host
from venvship.modules.module_evaluation import evaluate_module_file
from venvship.modules.module_file import LocalPathOverride, ModuleFile, SourceOverride
from venvship.modules.module_graph import BuiltinSource, ModuleGraph, ModuleSource, RootSource

BUILTIN_MODULES_DIRECTORY = join_host(os.path.abspath(os.path.dirname(venvship.modules.__file__)), "builtin")


class UnsupportedOverride(UserError):
    """An override leads to files that nobody fetches."""

    def __init__(self, override: SourceOverride) -> None:
        super().__init__(
            f"the override of module `{override.module_name}` must be fetched, which is not supported yet",
            place=override.place,
            hint="check it out beside the workspace and use `local_path_override`",
        )


class NoModuleThere(UserError):
    """A `local_path_override` leads to no directory."""

    def __init__(self, override: LocalPathOverride, directory: str) -> None:
        super().__init__(
            f"module `{override.module_name}` is overridden with `{override.path}`, but there is no directory "
            f"`{directory}`",
            place=override.place,
        )


class ModuleSources:
    """Finds and evaluates `MODULE.bazel` files; a module without one asks for nothing."""

    def __init__(
        self,
        workspace: str,
        files: SourceFiles,
        *,
        builtin_directory: str = BUILTIN_MODULES_DIRECTORY,
        print_handler: Callable[[str, Place], None] | None = None,
    ) -> None:
        self._workspace = workspace
        self._files = files
        self._builtin_directory = builtin_directory
        self._print_handler = print_handler

    def builtin_names(self) -> frozenset[str]:
        entries = self._files.list_directory(self._builtin_directory)
        return frozenset(entry.name for entry in entries if entry.kind is EntryKind.DIRECTORY)

    def module_file(self, source: ModuleSource, name: str) -> ModuleFile:
        """Raises NoModuleThere, UnsupportedOverride, or what is wrong with the file."""
        directory = self.directory(source)
        if isinstance(source, LocalPathOverride) and self._files.kind(directory) is not EntryKind.DIRECTORY:
            raise NoModuleThere(source, directory)
        content = self._files.read(join_host(directory, MODULE_FILE))
        if content is None:
            return ModuleFile()
        is_root = isinstance(source, RootSource)
        return evaluate_module_file(
            content,
            filename=MODULE_FILE if is_root else f"@{name}/{MODULE_FILE}",
            read_include=(lambda path: self._files.read(join_host(directory, path))) if is_root else None,
            print_handler=self._print_handler,
        )

    def directory(self, source: ModuleSource) -> str:
        """The host directory of a module."""
        match source:
            case RootSource():
                return self._workspace
            case BuiltinSource(name):
                return join_host(self._builtin_directory, name)
            case LocalPathOverride():
                return os.path.normpath(os.path.join(self._workspace, source.path))
            case _:
                raise UnsupportedOverride(source)

    def repositories(self, graph: ModuleGraph) -> list[Repository]:
        """A repository for each module of a graph."""
        return [
            Repository(
                name,
                module.mapping,
                root=self.directory(module.source),
                is_builtin=isinstance(module.source, BuiltinSource),
            )
            for name, module in graph.modules.items()
        ]
