"""Reads `uv.lock`.

Version 1 of the format is read at any revision: revisions are declared compatible, so unknown keys are ignored, and
what `[package.metadata]` says, which newer revisions may leave out, is only kept for comparisons. Everything else is
checked, because a lock file comes with the workspace: a wrong type or an impossible path ends in `MalformedLock`, never
in a traceback.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import unquote

from venvship.wheels.filename import WheelFilename
from venvship.wheels.lock import (
    BuildConstraint,
    ConflictItem,
    DirectorySource,
    Edge,
    Edges,
    EditableSource,
    GitSource,
    Lock,
    LockedPackage,
    LockedSdist,
    LockedWheel,
    MalformedLock,
    PathSource,
    RegistrySource,
    Source,
    UrlSource,
    VirtualSource,
    index_by_name,
)
from venvship.wheels.lock_table import COMMIT, LockTable, file_name_of, toml_document

_LOCAL = (DirectorySource, EditableSource, VirtualSource)


def parse_uv_lock(data: bytes, *, filename: str) -> Lock:
    """Read the bytes of a `uv.lock`; `filename` is for messages. Raises MalformedLock."""
    return _lock(LockTable(toml_document(data, filename), filename, "the file"))


def compact_uv_lock(data: bytes, *, filename: str) -> bytes:
    """The same document in a form that is read several times faster, to be kept under the hash of `data`."""
    document = toml_document(data, filename)
    # Times of upload are all that JSON could not say, and nobody reads them.
    return json.dumps(document, separators=(",", ":"), default=str).encode()


def parse_compact_uv_lock(compact: bytes, *, filename: str) -> Lock:
    """Read what `compact_uv_lock` wrote; raises MalformedLock, for damaged bytes too."""
    try:
        document: object = json.loads(compact)
    except (ValueError, RecursionError) as error:
        raise MalformedLock(filename, f"its kept form is damaged: {type(error).__name__}") from None
    return _lock(LockTable(document, filename, "the file"))


def _lock(top: LockTable) -> Lock:
    version = top.values.get("version")
    if type(version) is not int or version != 1:
        top.refuse_version(f"{version!r:.40}", known="1")
    manifest = top.table("manifest") or LockTable({}, top.filename, "`manifest`")
    packages = _declaring(_merged([_package(table) for table in top.tables("package")]))
    revision = top.values.get("revision")
    lock = Lock(
        filename=top.filename,
        requires_python=top.text("requires-python") or "",
        supported_markers=top.markers("supported-markers"),
        members=_members(manifest, packages),
        requirements=_requirements(manifest.tables("requirements")),
        groups=_manifest_groups(manifest),
        build_constraints=tuple(
            BuildConstraint(table.name("name"), table.text("specifier") or "")
            for table in manifest.tables("build-constraints")
        ),
        conflicts=_conflicts(top),
        packages=packages,
        by_name=index_by_name(packages),
        declared=manifest.values,
        required_markers=top.markers("required-markers"),
        options=(top.table("options") or LockTable({}, top.filename, "`options`")).values,
        revision=revision if isinstance(revision, int) else 0,
    )
    for package in packages:
        _check_edges(lock, package)
    return lock


def _check_edges(lock: Lock, package: LockedPackage) -> None:
    for edges in (
        package.dependencies,
        *package.optional_dependencies.values(),
        *package.dev_dependencies.values(),
    ):
        for edge in edges:
            lock.target(edge)


def _members(manifest: LockTable, packages: Sequence[LockedPackage]) -> tuple[str, ...]:
    """The projects of the workspace; a lock of a single project does not list it, it is the package at `.`."""
    listed = {manifest.normalised(name, "members") for name in manifest.texts("members")}
    if not listed:
        listed = {
            package.name
            for package in packages
            if isinstance(package.source, EditableSource | VirtualSource) and package.source.path == "."
        }
    return tuple(sorted(listed))


def _requirements(tables: Iterable[LockTable]) -> Edges:
    return tuple(
        Edge(table.name("name"), extras=_extras(table, "extras"), marker=table.marker("marker")) for table in tables
    )


def _manifest_groups(manifest: LockTable) -> dict[str, Edges]:
    groups = manifest.table("dependency-groups")
    if groups is None:
        return {}
    return {groups.normalised(name, name): _requirements(groups.tables(name)) for name in groups.values}


def _conflicts(top: LockTable) -> tuple[tuple[ConflictItem, ...], ...]:
    sets = top.values.get("conflicts", [])
    if not isinstance(sets, list):
        top.refuse_key("conflicts", "is not a list")
    found = []
    for n, items in enumerate(sets):
        wrapped = LockTable({"items": items}, top.filename, f"`conflicts[{n}]`")
        found.append(tuple(_conflict_item(table) for table in wrapped.tables("items")))
    return tuple(found)


def _conflict_item(table: LockTable) -> ConflictItem:
    extra, group = table.text("extra"), table.text("group")
    return ConflictItem(
        table.name("package"),
        extra=None if extra is None else table.normalised(extra, "extra"),
        group=None if group is None else table.normalised(group, "group"),
    )


def _package(table: LockTable) -> LockedPackage:
    name = table.name("name")
    table.where = f"package `{name}`"
    source_table = table.table("source")
    if source_table is None:
        table.refuse("has no `source`")
    source = _source(source_table)
    sdist = table.table("sdist")
    return LockedPackage(
        name=name,
        version=table.version(),
        source=source,
        dependencies=_edges(table.tables("dependencies")),
        optional_dependencies=_edge_tables(table, "optional-dependencies"),
        dev_dependencies=_edge_tables(table, "dev-dependencies"),
        wheels=tuple(_wheel(wheel, source) for wheel in table.tables("wheels")),
        sdist=None if sdist is None else _sdist(sdist, source),
        declared=_declared(table) if isinstance(source, _LOCAL) else None,
        default_groups=table.values.get("default-groups"),
    )


def _declared(table: LockTable) -> Mapping[str, object] | None:
    metadata = table.values.get("metadata")
    return metadata if isinstance(metadata, dict) else None


def _declaring(packages: tuple[LockedPackage, ...]) -> tuple[LockedPackage, ...]:
    """With what local projects ask for that ask for nothing, which locks leave out.

    A lock that leaves it out of a project that needs something leaves it out of all of them.
    """
    local = [package for package in packages if isinstance(package.source, _LOCAL)]
    if all(package.declared is None for package in local) and any(map(_needs, local)):
        return packages
    return tuple(
        replace(package, declared={}) if package.declared is None and isinstance(package.source, _LOCAL) else package
        for package in packages
    )


def _needs(package: LockedPackage) -> bool:
    return bool(package.dependencies or package.optional_dependencies or package.dev_dependencies)


def _edge_tables(table: LockTable, key: str) -> dict[str, Edges]:
    inner = table.table(key)
    if inner is None:
        return {}
    return {inner.normalised(name, name): _edges(inner.tables(name)) for name in inner.values}


def _edges(tables: Iterable[LockTable]) -> Edges:
    return tuple(
        Edge(
            table.name("name"),
            table.version(),
            None if (source := table.table("source")) is None else _source(source),
            _extras(table, "extra"),
            table.marker("marker"),
        )
        for table in tables
    )


def _extras(table: LockTable, key: str) -> tuple[str, ...]:
    return tuple(sorted({table.normalised(extra, key) for extra in table.texts(key)}))


def _source(table: LockTable) -> Source:
    kinds = [
        kind for kind in ("registry", "git", "url", "path", "directory", "editable", "virtual") if kind in table.values
    ]
    if len(kinds) != 1:
        table.refuse("names no known source" if not kinds else f"names several sources: {', '.join(kinds)}")
    location = table.required(kinds[0])
    match kinds[0]:
        case "registry":
            return RegistrySource(location)
        case "git":
            return _git_source(table, location)
        case "url":
            return UrlSource(location, table.text("subdirectory"))
        case "path":
            return PathSource(location)
        case "directory":
            return DirectorySource(location)
        case "editable":
            return EditableSource(location)
        case _:
            return VirtualSource(location)


def _git_source(table: LockTable, location: str) -> GitSource:
    address, _, commit = location.partition("#")
    if not COMMIT.fullmatch(commit):
        table.refuse_key("git", "does not end in `#` and a commit")
    url, _, query = address.partition("?")
    options = {key: unquote(value) for key, _, value in (part.partition("=") for part in query.split("&"))}
    path = options.get("path")
    if path is not None and (path.startswith("/") or ".." in path.split("/") or "\0" in path):
        table.refuse_key("git", "has a path that leads out of the repository")
    return GitSource(url, commit, options.get("subdirectory"), path, options.get("lfs") == "true")


def _wheel(table: LockTable, source: Source) -> LockedWheel:
    url, path = _location(table, source)
    text = table.text("filename") or file_name_of(url or path or "")
    try:
        filename = WheelFilename.parse(text)
    except ValueError as error:
        table.refuse(f"is wrong: {error}")
    return LockedWheel(filename, url, path, table.sha256(), table.size())


def _sdist(table: LockTable, source: Source) -> LockedSdist:
    url, path = _location(table, source)
    filename = table.text("filename") or file_name_of(url or path or "")
    if not filename or "/" in filename or "\\" in filename or "\0" in filename or filename in (".", ".."):
        table.refuse("has no usable file name")
    return LockedSdist(filename, url, path, table.sha256(), table.size())


def _location(table: LockTable, source: Source) -> tuple[str | None, str | None]:
    """URL or path of a file; a file of a directory index is named relative to the index."""
    url, path = table.text("url"), table.text("path")
    if url is not None:
        return url, None
    match source:
        case RegistrySource(location) if path is not None:
            if "://" in location:
                return f"{location.rstrip('/')}/{path}", None
            return None, posixpath.normpath(posixpath.join(location, path))
        case UrlSource(location):
            return location, None
        case PathSource(location) | GitSource(path=str(location)):
            return None, location
    if path is None:
        table.refuse("says neither `url` nor `path`")
    return None, path


def _merged(packages: Iterable[LockedPackage]) -> tuple[LockedPackage, ...]:
    """One record for each (name, version, source); some writers repeat a package with other wheels."""
    found: dict[tuple[str, str | None, Source], LockedPackage] = {}
    for package in packages:
        key = (package.name, package.version, package.source)
        first = found.get(key)
        found[key] = package if first is None else _joined(first, package)
    return tuple(sorted(found.values(), key=lambda p: (p.name, p.version or "", str(p.source))))


def _joined(first: LockedPackage, second: LockedPackage) -> LockedPackage:
    return LockedPackage(
        name=first.name,
        version=first.version,
        source=first.source,
        dependencies=tuple(dict.fromkeys(first.dependencies + second.dependencies)),
        optional_dependencies=_joined_tables(first.optional_dependencies, second.optional_dependencies),
        dev_dependencies=_joined_tables(first.dev_dependencies, second.dev_dependencies),
        wheels=tuple(dict.fromkeys(first.wheels + second.wheels)),
        sdist=first.sdist or second.sdist,
        declared=first.declared if second.declared is None else second.declared,
        default_groups=first.default_groups or second.default_groups,
    )


def _joined_tables(first: Mapping[str, Edges], second: Mapping[str, Edges]) -> dict[str, Edges]:
    names = [*first, *(name for name in second if name not in first)]
    return {name: tuple(dict.fromkeys(first.get(name, ()) + second.get(name, ()))) for name in names}
