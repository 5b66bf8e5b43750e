"""What a plan needs to know of an installed wheel: names, not bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final, Self, TypeAlias

from venvship.dataclass import dataclass
from venvship.model.paths import TreePath
from venvship.venvs.file_tree import FileTree

_NO_FILES: Final = FileTree()


@dataclass(frozen=True, slots=True, order=True)
class ScriptEntryPoint:
    """A program that calls `attribute` of `module`."""

    name: str
    module: str
    attribute: str


@dataclass(frozen=True, slots=True, order=True)
class InstalledScript:
    """A file that a wheel brings for `bin`; `path` is relative to the install's prefix.

    With a Python shebang its first line must come to name the venv's interpreter, so it cannot be linked as it is.
    """

    name: str
    path: str
    has_python_shebang: bool = False


def is_metadata(name: str) -> bool:
    """Whether a directory of site-packages describes a distribution."""
    return name.endswith((".dist-info", ".egg-info"))


FileIdentity: TypeAlias = object
"""Equal for files with the same content and mode: a digest, usually."""


@dataclass(frozen=True, slots=True, eq=False)
class InstalledWheel:
    """A wheel as it lies unpacked: two directories named by runfiles path, and the names below them.

    `site` has the files below `site_packages`, `data` those below `prefix` that are neither there nor scripts.
    `legacy_namespaces` has the directories whose `__init__.py` only joins several distributions; namespaces without
    one may be named too. `path_files` has the text of the `.pth` files by name. `origins` maps a shared library to the
    directories that it looks for others in, relative to site-packages (a leading `..` leads into the prefix).
    `identities` and `data_identities` are asked only for paths that another wheel has too. `bytecode_tag` is that of
    the compiled files beside the sources, such as `cpython-311`, if there are any.
    """

    project: str
    version: str
    site_packages: TreePath
    prefix: TreePath
    site: FileTree
    data: FileTree = _NO_FILES
    top_levels: tuple[tuple[str, bool], ...] = ()
    entry_points: tuple[ScriptEntryPoint, ...] = ()
    scripts: tuple[InstalledScript, ...] = ()
    legacy_namespaces: frozenset[str] = frozenset()
    path_files: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    identities: Mapping[str, FileIdentity] = field(default_factory=dict)
    data_identities: Mapping[str, FileIdentity] = field(default_factory=dict)
    bytecode_tag: str | None = None

    def __str__(self) -> str:
        return f"{self.project} {self.version}"

    @classmethod
    def of_files(
        cls,
        project: str,
        version: str,
        *,
        site_packages: TreePath,
        prefix: TreePath,
        files: Iterable[str],
        data: Iterable[str] = (),
        entry_points: Iterable[ScriptEntryPoint] = (),
        scripts: Iterable[InstalledScript] = (),
        legacy_namespaces: Iterable[str] = (),
        path_files: Mapping[str, str] | None = None,
        origins: Mapping[str, tuple[str, ...]] | None = None,
        identities: Mapping[str, FileIdentity] | None = None,
        data_identities: Mapping[str, FileIdentity] | None = None,
        bytecode_tag: str | None = None,
    ) -> Self:
        """Make a layout of file paths relative to `site_packages` and to `prefix`; raises MalformedPaths."""
        site = FileTree.of(files)
        return cls(
            project=project,
            version=version,
            site_packages=site_packages,
            prefix=prefix,
            site=site,
            data=FileTree.of(data),
            top_levels=tuple(site.children()),
            entry_points=tuple(sorted(entry_points)),
            scripts=tuple(sorted(scripts)),
            legacy_namespaces=frozenset(legacy_namespaces),
            path_files=dict(path_files or {}),
            origins=dict(origins or {}),
            identities=identities if identities is not None else {},
            data_identities=data_identities if data_identities is not None else {},
            bytecode_tag=bytecode_tag,
        )

    @property
    def path_file_names(self) -> tuple[str, ...]:
        return tuple(name for name, is_directory in self.top_levels if not is_directory and name.endswith(".pth"))

    @property
    def metadata_directories(self) -> tuple[str, ...]:
        return tuple(name for name, is_directory in self.top_levels if is_directory and is_metadata(name))

    def is_package(self, directory: str) -> bool:
        """Whether a directory of site-packages is this wheel's own; a namespace is everybody's."""
        return directory not in self.legacy_namespaces and self.site.has_file_starting(f"{directory}/__init__.")
