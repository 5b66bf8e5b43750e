"""The documents of a module registry, as values.

A registry is a tree of files: `bazel_registry.json` at its root, and for each version of each module a
`modules/NAME/VERSION/MODULE.bazel` beside a `source.json` that says where the module's files are; patches and files to
lay over them are next to it. `modules/NAME/metadata.json` tells which versions were withdrawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from venvship.dataclass import dataclass
from venvship.errors import UserError

REGISTRY_FILE = "bazel_registry.json"
LOCK_FILE = "MODULE.bazel.lock"

_Document: TypeAlias = Mapping[str, object]


class MalformedRegistry(UserError):
    """A document of a registry does not say what it should."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"`{where}` can't be used: {reason}")


@dataclass(frozen=True, slots=True)
class RegistryPatch:
    """A patch or file that a registry keeps beside a module: its name there and its integrity."""

    name: str
    integrity: str


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """The module is an archive; `mirrors` are other addresses of it, to be asked first."""

    url: str
    integrity: str
    strip_prefix: str = ""
    patches: tuple[RegistryPatch, ...] = ()
    patch_strip: int = 0
    overlay: tuple[RegistryPatch, ...] = ()
    archive_type: str = ""
    mirrors: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        return (*self.mirrors, self.url)


@dataclass(frozen=True, slots=True)
class GitSource:
    """The module is a commit of a git repository."""

    remote: str
    commit: str
    strip_prefix: str = ""
    patches: tuple[RegistryPatch, ...] = ()
    patch_strip: int = 0
    init_submodules: bool = False


@dataclass(frozen=True, slots=True)
class PathSource:
    """The module is a directory: absolute, or below the registry's `module_base_path`."""

    path: str


RegistrySourceDocument: TypeAlias = ArchiveSource | GitSource | PathSource


@dataclass(frozen=True, slots=True)
class RegistryDescription:
    """What `bazel_registry.json` says; a registry may do without."""

    mirrors: tuple[str, ...] = ()
    module_base_path: str = ""


def module_path(name: str, version: str, file: str) -> str:
    """Where a registry keeps a file of one version of a module."""
    return f"modules/{name}/{version}/{file}"


def metadata_path(name: str) -> str:
    return f"modules/{name}/metadata.json"


def read_pinned(text: bytes | None) -> Mapping[str, str | None]:
    """The SHA-256 of registry files by address that `MODULE.bazel.lock` holds; None for those that must be absent."""
    if text is None:
        return {}
    hashes = _object(text, LOCK_FILE).get("registryFileHashes", {})
    if not isinstance(hashes, dict) or not all(one is None or isinstance(one, str) for one in hashes.values()):
        raise MalformedRegistry(LOCK_FILE, "`registryFileHashes` is not an object of hashes")
    return cast(Mapping[str, str | None], hashes)


def read_description(text: bytes | None, where: str) -> RegistryDescription:
    if text is None:
        return RegistryDescription()
    document = _object(text, where)
    return RegistryDescription(_texts(document, "mirrors", where), _text(document, "module_base_path", where))


def read_source(text: bytes, where: str, *, mirrors: Sequence[str] = ()) -> RegistrySourceDocument:
    """What `source.json` says; `mirrors` are those of the registry."""
    document = _object(text, where)
    kind = _text(document, "type", where) or "archive"
    strip_prefix = _text(document, "strip_prefix", where)
    patches = _files(document, "patches", where)
    patch_strip = document.get("patch_strip", 0)
    if type(patch_strip) is not int or not 0 <= patch_strip < 100:
        raise MalformedRegistry(where, "`patch_strip` is not a small number")
    match kind:
        case "archive":
            url = _required(document, "url", where)
            scheme, separator, rest = url.partition("://")
            found = tuple(f"{mirror.rstrip('/')}/{rest}" for mirror in mirrors if scheme != "file" and separator)
            return ArchiveSource(
                url,
                _required(document, "integrity", where),
                strip_prefix,
                patches,
                patch_strip,
                _files(document, "overlay", where),
                _text(document, "archive_type", where),
                (*_texts(document, "mirror_urls", where), *found),
            )
        case "git_repository":
            commit = _text(document, "commit", where) or _text(document, "tag", where)
            if not commit:
                raise MalformedRegistry(where, "it names neither `commit` nor `tag`")
            submodules = document.get("init_submodules", False) is True
            remote = _required(document, "remote", where)
            return GitSource(remote, commit, strip_prefix, patches, patch_strip, submodules)
        case "local_path":
            return PathSource(_required(document, "path", where))
        case _:
            raise MalformedRegistry(where, f"sources of type `{kind}` are not known")


def read_yanked(text: bytes | None, where: str) -> Mapping[str, str]:
    """The withdrawn versions of a module, each with the reason."""
    if text is None:
        return {}
    yanked = _object(text, where).get("yanked_versions", {})
    if not isinstance(yanked, dict) or not all(isinstance(reason, str) for reason in yanked.values()):
        raise MalformedRegistry(where, "`yanked_versions` is not an object of texts")
    return cast(Mapping[str, str], yanked)


def _object(text: bytes, where: str) -> _Document:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedRegistry(where, f"it is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedRegistry(where, "it is not an object")
    return cast(_Document, document)


def _text(document: _Document, name: str, where: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedRegistry(where, f"`{name}` is not a text")
    return value


def _required(document: _Document, name: str, where: str) -> str:
    value = _text(document, name, where)
    if not value:
        raise MalformedRegistry(where, f"it has no `{name}`")
    return value


def _texts(document: _Document, name: str, where: str) -> tuple[str, ...]:
    value = document.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(element, str) for element in value):
        raise MalformedRegistry(where, f"`{name}` is not a list of texts")
    return tuple(cast(list[str], value))


def _files(document: _Document, name: str, where: str) -> tuple[RegistryPatch, ...]:
    value = document.get(name)
    if value is None:
        return ()
    if not isinstance(value, dict) or not all(isinstance(integrity, str) for integrity in value.values()):
        raise MalformedRegistry(where, f"`{name}` is not an object of file names and integrities")
    for file in value:
        if file.startswith("/") or any(part in ("", ".", "..") for part in file.split("/")):
            raise MalformedRegistry(where, f"`{name}` names `{file}`, which leads out of its directory")
    return tuple(RegistryPatch(file, integrity) for file, integrity in cast(dict[str, str], value).items())
