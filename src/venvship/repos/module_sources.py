"""The files of modules that come from registries and overrides."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from venvship.errors import Place, UserError
from venvship.host.files import remove
from venvship.host.processes import Children
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.paths import join
from venvship.modules.module_file import ArchiveOverride, GitOverride, SingleVersionOverride
from venvship.modules.module_sources import RegistrySource
from venvship.modules.registry_documents import ArchiveSource, GitSource, PathSource, RegistryPatch
from venvship.repos.disk_tree import DiskTree
from venvship.repos.external_store import ExternalStore, Making
from venvship.repos.git import check_out
from venvship.repos.integrity import Checksum, wanted_checksum
from venvship.repos.patches import apply_patch
from venvship.repos.programs import run_program
from venvship.repos.registry_index import Registries, RegistryIndex
from venvship.repos.unpacking import archive_kind, unpack
from venvship.repos.web_files import WebFiles

FetchedSource = RegistrySource | ArchiveOverride | GitOverride
_COMMAND_SECONDS: Final = 600.0


class BadModule(UserError):
    """The files of a module are not what they should be."""


class ModuleSources:
    """Obtains modules, each at most once per change of what decides about it."""

    def __init__(
        self,
        *,
        workspace: Path,
        store: ExternalStore,
        registries: Registries,
        files: WebFiles,
        children: Children,
        report: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._workspace = workspace
        self._store = store
        self._registries = registries
        self._files = files
        self._children = children
        self._report = report

    def obtain(self, name: str, source: FetchedSource) -> Path:
        """The directory of a module."""
        match source:
            case RegistrySource():
                return self._of_registry(name, source)
            case ArchiveOverride():
                key = repr((source.urls, source.integrity, source.strip_prefix, source.patches, source.patch_strip))
                return self._made(name, f"{key}{source.patch_commands}", lambda it: self._archive_override(it, source))
            case GitOverride():
                key = repr((source.remote, source.reference, source.strip_prefix, source.patches, source.patch_strip))
                key += repr((source.init_submodules, source.patch_commands))
                return self._made(name, key, lambda it: self._git_override(it, source))

    def _made(self, name: str, key: str, make: Callable[[Making], None]) -> Path:
        def reported(making: Making) -> None:
            self._report(name)
            make(making)

        return self._store.obtain(name, key, reported)

    def _of_registry(self, name: str, source: RegistrySource) -> Path:
        registry = self._registries.get(source.registry)
        document = registry.source(source.name, source.version)
        changes = source.changes
        said = "" if changes is None else repr((changes.patches, changes.patch_strip, changes.patch_commands))
        match document:
            case PathSource(path):
                if changes is not None and (changes.patches or changes.patch_commands):
                    raise BadModule(f"module `{name}` is a directory of its registry and can't be patched")
                if not os.path.isdir(path):
                    raise BadModule(f"registry `{registry}` says that module `{name}` is in `{path}`, no directory")
                return Path(path)
            case ArchiveSource():

                def make_archive(making: Making) -> None:
                    self._archive(making.directory, document, registry, source)
                    self._change(making, changes)

                return self._made(name, f"{document!r}{said}", make_archive)
            case GitSource():

                def make_checkout(making: Making) -> None:
                    check_out(
                        document.remote,
                        document.commit,
                        making.directory,
                        children=self._children,
                        submodules=document.init_submodules,
                    )
                    _strip(making.directory, document.strip_prefix, name)
                    self._registry_patches(making.directory, document.patches, document.patch_strip, registry, source)
                    self._change(making, changes)

                return self._made(name, f"{document!r}{said}", make_checkout)

    def _archive(
        self, directory: Path, document: ArchiveSource, registry: RegistryIndex, source: RegistrySource
    ) -> None:
        archive = self._files.fetch(document.urls, Checksum.parse(document.integrity))
        unpack(
            archive,
            directory,
            kind=archive_kind(_file_name(document.url), document.archive_type),
            shown=_file_name(document.url),
            strip_prefix=document.strip_prefix,
        )
        tree = DiskTree(directory)
        for overlaid in document.overlay:
            address = registry.address_of(source.name, source.version, overlaid.name, "overlay")
            content = self._files.fetch([address], Checksum.parse(overlaid.integrity)).read_bytes()
            tree.write(overlaid.name, content, executable=None)
        self._registry_patches(directory, document.patches, document.patch_strip, registry, source)

    def _registry_patches(
        self,
        directory: Path,
        patches: Sequence[RegistryPatch],
        strip: int,
        registry: RegistryIndex,
        source: RegistrySource,
    ) -> None:
        for patch in patches:
            address = registry.address_of(source.name, source.version, patch.name, "patches")
            text = self._files.fetch([address], Checksum.parse(patch.integrity)).read_bytes()
            apply_patch(text, DiskTree(directory), strip=strip, shown=patch.name)

    def _archive_override(self, making: Making, source: ArchiveOverride) -> None:
        archive = self._files.fetch(source.urls, wanted_checksum("", source.integrity))
        name = _file_name(source.urls[0])
        unpack(archive, making.directory, kind=archive_kind(name), shown=name, strip_prefix=source.strip_prefix)
        self._change(making, source)

    def _git_override(self, making: Making, source: GitOverride) -> None:
        check_out(
            source.remote,
            source.reference,
            making.directory,
            children=self._children,
            submodules=source.init_submodules,
        )
        _strip(making.directory, source.strip_prefix, source.module_name)
        self._change(making, source)

    def _change(self, making: Making, changes: SingleVersionOverride | ArchiveOverride | GitOverride | None) -> None:
        """Apply the patches and commands of an override; patches lie in the workspace."""
        if changes is None:
            return
        for text in changes.patches:
            path = self._patch_path(text, changes.place)
            making.inputs["file", str(path)] = None
            try:
                content = path.read_bytes()
            except OSError as error:
                raise BadModule(
                    f"patch `{text}` of module `{changes.module_name}` can't be read: {error.strerror}",
                    place=changes.place,
                ) from error
            try:
                apply_patch(content, DiskTree(making.directory), strip=changes.patch_strip, shown=text)
            except UserError as error:
                error.place = error.place or changes.place
                raise
        for command in changes.patch_commands:
            argv = ("bash", "-c", command)
            result = run_program(
                self._children,
                argv,
                directory=making.directory,
                environment=dict(os.environ),
                timeout=_COMMAND_SECONDS,
            )
            if result.return_code != 0:
                raise BadModule(
                    f"a command of `patch_cmds` failed with code {result.return_code}: {command}\n{result.stderr}",
                    place=changes.place,
                )

    def _patch_path(self, text: str, place: Place) -> Path:
        mapping = {"": MAIN_REPOSITORY}
        label = Label.parse(text, relative_to=PackageId(MAIN_REPOSITORY, ""), repository_mapping=mapping)
        if label.repository != MAIN_REPOSITORY:
            raise BadModule(f"patch `{text}` must be a file of the workspace", place=place)
        return self._workspace / join(label.package.path, label.name)


def _file_name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2] or url


def _strip(directory: Path, prefix: str, name: str) -> None:
    """Make the content of a directory inside `directory` all that it holds."""
    prefix = prefix.strip("/")
    if not prefix:
        return
    inner = directory / prefix
    if ".." in prefix.split("/") or not inner.is_dir() or inner.is_symlink():
        raise BadModule(f"module `{name}` holds no directory `{prefix}`")
    aside = directory.with_name(directory.name + "-whole")
    os.rename(directory, aside)
    os.rename(aside / prefix, directory)
    remove(aside)
