"""Reads `pylock.toml` (PEP 751).

The file is a list of everything that may be installed, each package with a marker for when it is. Who needs whom is
optional in it, and the common writers leave it out; such a lock is flat.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from venvship.wheels.filename import WheelFilename
from venvship.wheels.lock import (
    DirectorySource,
    Edge,
    EditableSource,
    GitSource,
    Lock,
    LockedPackage,
    LockedSdist,
    LockedWheel,
    PathSource,
    RegistrySource,
    Source,
    UrlSource,
    index_by_name,
)
from venvship.wheels.lock_table import COMMIT, LockTable, file_name_of, toml_document

_ARCHIVES: Final = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")
_SOURCES: Final = ("vcs", "directory", "archive")


def parse_pylock(data: bytes, *, filename: str) -> Lock:
    """Read the bytes of a `pylock.toml`; `filename` is for messages. Raises MalformedLock."""
    top = LockTable(toml_document(data, filename), filename, "the file")
    version = top.required("lock-version")
    if version.partition(".")[0] != "1":
        top.refuse_version(f"{version:.40}", known="1")
    tables = list(top.tables("packages"))
    packages = tuple(_package(table) for table in tables)
    lock = Lock(
        filename=filename,
        requires_python=top.text("requires-python") or "",
        supported_markers=top.markers("environments"),
        members=(),
        requirements=tuple(
            Edge(package.name, package.version, package.source, marker=table.marker("marker"))
            for table, package in zip(tables, packages, strict=True)
        ),
        groups={top.normalised(name, "dependency-groups"): () for name in top.texts("dependency-groups")},
        build_constraints=(),
        conflicts=(),
        packages=packages,
        by_name=index_by_name(packages),
        flat=not any(package.dependencies for package in packages),
        extras=tuple(top.normalised(name, "extras") for name in top.texts("extras")),
        default_groups=tuple(top.normalised(name, "default-groups") for name in top.texts("default-groups")),
    )
    for package in packages:
        for edge in package.dependencies:
            lock.target(edge)
    return lock


def _package(table: LockTable) -> LockedPackage:
    name = table.name("name")
    table.where = f"package `{name}`"
    kinds = [kind for kind in _SOURCES if table.values.get(kind) is not None]
    if len(kinds) > 1:
        table.refuse(f"names several sources: {', '.join(kinds)}")
    files = [key for key in ("sdist", "wheels") if table.values.get(key)]
    if kinds and files:
        table.refuse(f"has files of an index beside its source: {', '.join((*kinds, *files))}")
    inner = table.table(kinds[0]) if kinds else None
    source = _source(kinds[0], inner) if inner is not None else RegistrySource(table.text("index") or "")
    sdist = table.table("sdist")
    wheels = tuple(_wheel(wheel) for wheel in table.tables("wheels"))
    found = None if sdist is None else _sdist(sdist)
    if inner is not None and kinds[0] == "archive":
        wheels, found = _archive(inner)
    return LockedPackage(
        name=name,
        version=table.version(),
        source=source,
        dependencies=tuple(_edges(table.tables("dependencies"))),
        wheels=wheels,
        sdist=found,
        requires_python=_requires_python(table),
    )


def _requires_python(table: LockTable) -> str:
    text = table.text("requires-python") or ""
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        table.refuse_key("requires-python", "is not a version specifier")
    return text


def _edges(tables: Iterable[LockTable]) -> Iterable[Edge]:
    for table in tables:
        yield Edge(table.name("name"), table.version())


def _source(kind: str, table: LockTable) -> Source:
    subdirectory = table.text("subdirectory")
    match kind:
        case "vcs":
            if table.required("type") != "git":
                table.refuse_key("type", "is not `git`")
            location = table.text("url") or table.required("path")
            commit = table.required("commit-id")
            if not COMMIT.fullmatch(commit):
                table.refuse_key("commit-id", "is not a commit")
            return GitSource(location, commit, subdirectory)
        case "directory":
            path = table.required("path")
            return EditableSource(path) if table.values.get("editable") is True else DirectorySource(path)
        case _:
            url = table.text("url")
            return PathSource(table.required("path")) if url is None else UrlSource(url, subdirectory)


def _archive(table: LockTable) -> tuple[tuple[LockedWheel, ...], LockedSdist | None]:
    """The one file of a package that is no index's: a wheel or a source archive, by its name."""
    url, path = table.text("url"), table.text("path")
    if file_name_of(url or path or "").endswith(".whl"):
        return (_wheel(table),), None
    return (), _sdist(table)


def _wheel(table: LockTable) -> LockedWheel:
    url, path = _location(table)
    # The name beside an address may be spelled in another form; the file is called what its address says.
    text = file_name_of(url or path or "")
    try:
        filename = WheelFilename.parse(text if text.endswith(".whl") else table.text("name") or text)
    except ValueError as error:
        table.refuse(f"is wrong: {error}")
    return LockedWheel(filename, url, path, table.hashes(), table.size())


def _sdist(table: LockTable) -> LockedSdist:
    url, path = _location(table)
    filename = file_name_of(url or path or "")
    if not filename.endswith(_ARCHIVES):
        # An address may end in something else than the file's name.
        filename = table.text("name") or filename
    if not filename or "/" in filename or "\\" in filename or "\0" in filename or filename in (".", ".."):
        table.refuse("has no usable file name")
    return LockedSdist(filename, url, path, table.hashes(), table.size())


def _location(table: LockTable) -> tuple[str | None, str | None]:
    url, path = table.text("url"), table.text("path")
    if url is not None:
        return url, None
    if not path:
        table.refuse("says neither `url` nor `path`")
    return None, posixpath.normpath(path)
