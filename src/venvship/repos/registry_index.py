"""Registries of modules, read file by file.

What a registry says about one version of a module never changes: those files are kept for ever. What it says about
itself and about withdrawn versions may change, and so may the absence of a file; that is asked again after an hour, and
an old answer serves where the network does not. A registry in a directory is always asked.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from venvship.errors import EnvironmentProblem, InternalError, UserError
from venvship.host.files import write_atomically
from venvship.modules.registry_documents import (
    LOCK_FILE,
    REGISTRY_FILE,
    PathSource,
    RegistryDescription,
    RegistrySourceDocument,
    metadata_path,
    module_path,
    read_description,
    read_source,
    read_yanked,
)
from venvship.repos.urls import local_path, shown_url
from venvship.repos.web_files import WebFiles

_HOUR = 3600.0
_ABSENT = ".absent"
_WORKSPACE = "%workspace%"

Observe = Callable[[str], bytes | None]
"""Reads a file of this machine so that whoever asks is told when it changes."""


class BadRegistry(UserError):
    """An address is none of a registry."""


class ChangedRegistry(UserError):
    """A registry gives out something else than it did when the workspace was locked."""

    def __init__(self, address: str, expected: str | None, got: str | None) -> None:
        super().__init__(
            f"`{address}` is not the file that {LOCK_FILE} names:\n"
            f"  locked   {expected or 'absent'}\n"
            f"  received {got or 'absent'}",
            hint="if the registry has changed it on purpose, lock again; if not, do not use this registry",
        )


class RegistryIndex:
    """One registry; `address` as the user wrote it."""

    def __init__(
        self,
        address: str,
        *,
        workspace: Path,
        files: WebFiles,
        cache: Path,
        read_local: Observe,
        pinned: Mapping[str, str | None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`pinned` are hashes of files by address, as the workspace's lock tells them; None for absent ones."""
        self._written_address = address.rstrip("/")
        self._pinned = pinned or {}
        self._address = address.replace(_WORKSPACE, str(workspace)).rstrip("/")
        if not self._address.startswith(("file://", "http://", "https://")):
            raise BadRegistry(
                f"`{shown_url(address)}` is no address of a module registry",
                hint="use file:///path, file:///%workspace%/path, http:// or https://",
            )
        local = local_path(self._address)
        # `file:////absolute` comes from `file:///%workspace%`.
        self._root = None if local is None else Path("/" + str(local).lstrip("/"))
        self._files = files
        self._cache = cache / hashlib.sha256(self._address.encode()).hexdigest()[:32]
        self._read_local = read_local
        self._clock = clock
        self._seen: dict[str, bytes | None] = {}

    def __str__(self) -> str:
        return shown_url(self._address)

    def module_file(self, name: str, version: str) -> bytes | None:
        """The `MODULE.bazel` of a version; None when the registry does not have it."""
        return self._read(module_path(name, version, "MODULE.bazel"), forever=True)

    def source(self, name: str, version: str) -> RegistrySourceDocument:
        """Where the files of a version are."""
        path = module_path(name, version, "source.json")
        text = self._read(path, forever=True)
        if text is None:
            raise BadRegistry(f"registry `{self}` has version {version} of module `{name}`, but no `{path}` for it")
        document = read_source(text, f"{self}/{path}", mirrors=self._description().mirrors)
        if isinstance(document, PathSource) and not document.path.startswith("/"):
            base = self._description().module_base_path or "."
            if self._root is None:
                raise BadRegistry(f"registry `{self}` is on a network, and names a directory for module `{name}`")
            return PathSource(str(self._root / base / document.path))
        return document

    def yanked(self, name: str) -> dict[str, str]:
        """The withdrawn versions of a module with the reasons."""
        path = metadata_path(name)
        return dict(read_yanked(self._read(path), f"{self}/{path}"))

    def address_of(self, name: str, version: str, file: str, directory: str) -> str:
        """The address of a patch or of an overlaid file."""
        return f"{self._file_address()}/{module_path(name, version, f'{directory}/{file}')}"

    def _file_address(self) -> str:
        return self._address if self._root is None else self._root.as_uri()

    def _description(self) -> RegistryDescription:
        return read_description(self._read(REGISTRY_FILE), f"{self}/{REGISTRY_FILE}")

    def _read(self, path: str, *, forever: bool = False) -> bytes | None:
        if path not in self._seen:
            if self._root is not None:
                found = self._read_local(str(self._root / path))
            else:
                found = self._fetch(path, forever=forever)
            self._check(path, found)
            self._seen[path] = found
        return self._seen[path]

    def _check(self, path: str, found: bytes | None) -> None:
        """Refuse a file that is not what the workspace's lock says."""
        address = f"{self._written_address}/{path}"
        # Withdrawn versions may be told at any time.
        if address not in self._pinned or path.endswith("/metadata.json"):
            return
        expected = self._pinned[address]
        got = None if found is None else hashlib.sha256(found).hexdigest()
        if expected != got:
            raise ChangedRegistry(shown_url(address), expected, got)

    def _fetch(self, path: str, *, forever: bool) -> bytes | None:
        kept = self._cache / path
        missing = kept.with_name(kept.name + _ABSENT)
        if kept.is_file() and (forever or self._is_fresh(kept)):
            return kept.read_bytes()
        if missing.is_file() and self._is_fresh(missing):
            return None
        try:
            data = self._files.read_optional(f"{self._address}/{path}")
        except EnvironmentProblem:
            if kept.is_file():
                return kept.read_bytes()
            if missing.is_file():
                return None
            raise
        kept.parent.mkdir(parents=True, exist_ok=True)
        if data is None:
            kept.unlink(missing_ok=True)
            write_atomically(missing, b"")
        else:
            missing.unlink(missing_ok=True)
            write_atomically(kept, data)
        return data

    def _is_fresh(self, path: Path) -> bool:
        return self._clock() - path.stat().st_mtime < _HOUR


class Registries:
    """All registries of a command, by the address that the user wrote."""

    def __init__(self, addresses: tuple[str, ...], make: Callable[[str], RegistryIndex]) -> None:
        self.addresses = addresses
        self._make = make
        self._known: dict[str, RegistryIndex] = {}

    def get(self, address: str) -> RegistryIndex:
        found = self._known.get(address)
        if found is None:
            found = self._known[address] = self._make(address)
        return found

    def module_file(self, address: str, name: str, version: str) -> bytes:
        text = self.get(address).module_file(name, version)
        if text is None:
            raise InternalError(f"registry `{address}` lost version {version} of module `{name}`")
        return text
