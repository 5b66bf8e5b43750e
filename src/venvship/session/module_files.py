"""MODULE.bazel files of the workspace, of overridden modules and of built-in ones."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

from venvship.errors import Place, UserError
from venvship.loading.disk_files import DiskFiles
from venvship.loading.files import RecordedFiles
from venvship.loading.workspace import MODULE_FILE, join_host
from venvship.memo.computation import Memo
from venvship.modules.module_evaluation import evaluate_module_file
from venvship.modules.module_file import LocalPathOverride, ModuleFile
from venvship.modules.module_graph import BuiltinSource, ModuleSource, RegistrySource, RootSource, UnsupportedOverride
from venvship.session.repositories import builtin_modules_root


class MissingModule(UserError):
    """An override leads to a directory that does not exist."""


class DiskModuleFiles:
    """Reads modules from the disk, through the memo."""

    def __init__(self, workspace: Path, memo: Memo, print_handler: Callable[[str, Place], None]) -> None:
        self._workspace = workspace
        self._files = RecordedFiles(DiskFiles(), memo)
        self._print = print_handler

    @functools.cached_property
    def _builtin_names(self) -> frozenset[str]:
        root = builtin_modules_root()
        return frozenset(name for name in os.listdir(root) if (root / name / MODULE_FILE).is_file())

    def builtin_names(self) -> frozenset[str]:
        return self._builtin_names

    def registries(self) -> tuple[str, ...]:
        return ()

    def holds(self, registry: str, name: str, version: str) -> bool:
        return False

    def yanked(self, source: RegistrySource) -> str | None:
        return None

    def module_file(self, source: ModuleSource, name: str) -> ModuleFile:
        match source:
            case RootSource():
                return self._read(str(self._workspace), MODULE_FILE, is_root=True)
            case BuiltinSource(name=builtin):
                return self._read(str(builtin_modules_root() / builtin), f"@{builtin}/{MODULE_FILE}")
            case LocalPathOverride(path=path, place=place):
                directory = os.path.normpath(join_host(str(self._workspace), path))
                if not os.path.isdir(directory):
                    raise MissingModule(
                        f"the override of module `{name}` leads to `{path}`, which is no directory", place=place
                    )
                return self._read(directory, f"@{name}/{MODULE_FILE}")
            case _:
                raise UnsupportedOverride(
                    f"the override of module `{name}` downloads it, which is not supported yet",
                    hint="check the module out and use local_path_override",
                )

    def _read(self, directory: str, shown: str, *, is_root: bool = False) -> ModuleFile:
        def include(path: str) -> bytes | None:
            return self._files.read(join_host(directory, path))

        return evaluate_module_file(
            self._files.read(join_host(directory, MODULE_FILE)) or b"",
            filename=shown,
            read_include=include if is_root else None,
            print_handler=self._print,
        )
