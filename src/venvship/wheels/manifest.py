"""What a wheel will look like when it is installed, known without unpacking it.

Planning a venv needs names, not bytes: which top-level names a wheel has and of which kind, which directories are
namespaces that other wheels may share, which scripts it brings, and where its shared libraries look for others. All
of it is in the central directory, RECORD, a few small files and the headers of libraries; it depends on nothing but
the wheel, so it is kept as JSON under the wheel's hash.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Final, Self

from packaging.version import InvalidVersion, Version

from venvship.archives.zip_directory import ZipMember, path_clashes, shown_path
from venvship.dataclass import dataclass
from venvship.wheels.archive import MalformedWheel, RandomAccess, WheelArchive
from venvship.wheels.elf import MAGIC as ELF_MAGIC
from venvship.wheels.elf import read_elf
from venvship.wheels.entry_points import EntryPoint, EntryPoints, MalformedEntryPoints, parse_entry_points
from venvship.wheels.filename import WheelFilename, normalise_name
from venvship.wheels.library import LibraryFacts
from venvship.wheels.macho import MAGICS as MACHO_MAGICS
from venvship.wheels.macho import read_macho
from venvship.wheels.record import MalformedRecord, recorded_paths

FORMAT: Final = 2
"""Part of the key under which a manifest is kept: raised when the JSON or the meaning of a field changes."""

_MAX_METADATA: Final = 16 << 20
_MAX_RECORD: Final = 256 << 20
_MAX_INIT: Final = 64 << 10
_MAX_PATH_FILE: Final = 256 << 10

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_EMPTY_LINE: Final = re.compile(r"\r?\n\r?\n|\r\r")
_HEADER: Final = re.compile(r"[!-9;-~]+:")
_LIBRARY: Final = re.compile(r"\.(?:so|dylib)(?:\.|$)")
_LEGACY_NAMESPACE: Final = re.compile(
    rb"^\s*__path__\s*=.*extend_path\s*\(\s*__path__|declare_namespace\s*\(\s*__name__", re.MULTILINE
)
_INIT: Final = re.compile(r"__init__\.(?:py|pyc|(?:[\w-]+\.)*so)")


class Scheme(enum.Enum):
    """The place below which a file is installed; `purelib` and `platlib` are one in a venv."""

    SITE = "site"
    SCRIPTS = "scripts"
    DATA = "data"
    HEADERS = "headers"


_DATA_SCHEMES: Final = {
    "purelib": Scheme.SITE,
    "platlib": Scheme.SITE,
    "scripts": Scheme.SCRIPTS,
    "data": Scheme.DATA,
    "headers": Scheme.HEADERS,
}


class TopLevelKind(enum.Enum):
    """What a direct entry of site-packages is."""

    PACKAGE = "package"  # a directory with an `__init__`
    MODULE = "module"  # one importable file
    NAMESPACE = "namespace"  # a directory without `__init__` (PEP 420)
    LEGACY_NAMESPACE = "legacy-namespace"  # its `__init__` joins the directories of several distributions
    METADATA = "metadata"  # `*.dist-info`
    PATH_FILE = "path-file"  # `*.pth`
    LIBRARIES = "libraries"  # `*.libs`, shared libraries that the wheel was repaired with
    OTHER = "other"  # a file that is not imported


@dataclass(frozen=True, slots=True, order=True)
class TopLevel:
    name: str
    kind: TopLevelKind


@dataclass(frozen=True, slots=True)
class WheelEntry:
    """One installed file; `path` is relative to the place that `scheme` stands for."""

    scheme: Scheme
    path: str
    size: int
    executable: bool


@dataclass(frozen=True, slots=True)
class WheelManifest:
    """The installed form of one wheel.

    `entries` are sorted by scheme and path. `namespace_packages` are the directories of site-packages that several
    wheels may share, at any depth: PEP 420 ones and legacy ones. `libraries` maps paths in site-packages. `path_files`
    has the text of the `.pth` files; `python_scripts` are the scripts that start with `#!python`.
    """

    distribution: str
    version: str
    dist_info: str
    root_is_purelib: bool
    entries: tuple[WheelEntry, ...]
    top_levels: tuple[TopLevel, ...]
    namespace_packages: frozenset[str]
    entry_points: EntryPoints
    libraries: Mapping[str, LibraryFacts]
    path_files: Mapping[str, str]
    python_scripts: frozenset[str]

    def site_entries(self) -> Iterator[WheelEntry]:
        return (entry for entry in self.entries if entry.scheme is Scheme.SITE)

    def to_json(self) -> bytes:
        document = {
            "format": FORMAT,
            "distribution": self.distribution,
            "version": self.version,
            "dist_info": self.dist_info,
            "root_is_purelib": self.root_is_purelib,
            "entries": {
                scheme.value: [
                    [entry.path, entry.size, int(entry.executable)] for entry in self.entries if entry.scheme is scheme
                ]
                for scheme in Scheme
            },
            "top_levels": [[top.name, top.kind.value] for top in self.top_levels],
            "namespace_packages": sorted(self.namespace_packages),
            "console_scripts": [_entry_point_fields(point) for point in self.entry_points.console_scripts],
            "gui_scripts": [_entry_point_fields(point) for point in self.entry_points.gui_scripts],
            "libraries": {
                path: [facts.needed, facts.search, facts.origin_directories]
                for path, facts in sorted(self.libraries.items())
            },
            "path_files": dict(sorted(self.path_files.items())),
            "python_scripts": sorted(self.python_scripts),
        }
        return json.dumps(document, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read what `to_json` wrote; raises ValueError for anything else, another format included."""
        try:
            document = json.loads(data)
            if document["format"] != FORMAT:
                raise ValueError(f"a wheel manifest of format {document['format']}")
            return cls(
                distribution=document["distribution"],
                version=document["version"],
                dist_info=document["dist_info"],
                root_is_purelib=document["root_is_purelib"],
                entries=tuple(
                    WheelEntry(scheme, path, size, bool(executable))
                    for scheme in Scheme
                    for path, size, executable in document["entries"][scheme.value]
                ),
                top_levels=tuple(TopLevel(name, TopLevelKind(kind)) for name, kind in document["top_levels"]),
                namespace_packages=frozenset(document["namespace_packages"]),
                entry_points=EntryPoints(
                    tuple(_entry_point(fields) for fields in document["console_scripts"]),
                    tuple(_entry_point(fields) for fields in document["gui_scripts"]),
                ),
                libraries={
                    path: LibraryFacts(tuple(needed), tuple(search), tuple(origins))
                    for path, (needed, search, origins) in document["libraries"].items()
                },
                path_files=dict(document["path_files"]),
                python_scripts=frozenset(document["python_scripts"]),
            )
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a wheel manifest: {type(error).__name__}") from None


@dataclass(frozen=True, slots=True)
class UnpackedWheel:
    """A wheel that was unpacked, and so found to hold what its RECORD lists and nothing that could do harm.

    `members` are those of its directory; `opened` opens files of its site-packages by their paths there.
    """

    members: Mapping[str, ZipMember]
    opened: Callable[[str], AbstractContextManager[RandomAccess]]


def read_manifest(
    source: RandomAccess, *, filename: WheelFilename, unpacked: UnpackedWheel | None = None
) -> WheelManifest:
    """Read the manifest of a wheel; raises MalformedWheel.

    Of what is unpacked, the directory and RECORD need not be read again, and libraries not be inflated.
    """
    archive = WheelArchive(source, name=filename.text, members=None if unpacked is None else unpacked.members)
    dist_info = _dist_info(archive, filename)
    root_is_purelib = _check_metadata(archive, filename, dist_info)
    if unpacked is None:
        _check_record(archive, dist_info)
    routed = _routed(archive)
    # Where the members of site-packages are found in the archive.
    site = {entry.path: member for member, entry in routed if entry.scheme is Scheme.SITE}
    top_levels, namespaces = _layout(archive, site)
    return WheelManifest(
        distribution=filename.distribution,
        version=filename.version,
        dist_info=dist_info,
        root_is_purelib=root_is_purelib,
        entries=tuple(entry for _, entry in routed),
        top_levels=top_levels,
        namespace_packages=namespaces,
        entry_points=_entry_points(archive, dist_info),
        libraries=_libraries(archive, site, unpacked),
        path_files={
            top.name: archive.read(site[top.name], limit=_MAX_PATH_FILE).decode("utf-8", "replace")
            for top in top_levels
            if top.kind is TopLevelKind.PATH_FILE
        },
        python_scripts=frozenset(
            entry.path
            for member, entry in routed
            if entry.scheme is Scheme.SCRIPTS and archive.access(member).read_at(0, 8) == b"#!python"
        ),
    )


def _dist_info(archive: WheelArchive, filename: WheelFilename) -> str:
    """The metadata directory, whose name has the distribution's in some spelling."""
    found = sorted({path.partition("/")[0] for path in archive.members if ".dist-info/" in path})
    found = [name for name in found if name.endswith(".dist-info")]
    if len(found) != 1:
        what = "no `.dist-info` directory" if not found else f"several: {', '.join(map(shown_path, found))}"
        raise MalformedWheel(filename.text, [f"it has {what}"])
    try:
        name = normalise_name(found[0].removesuffix(".dist-info").partition("-")[0])
    except ValueError:
        name = ""
    if name != filename.distribution:
        raise MalformedWheel(filename.text, [f"its metadata is in `{shown_path(found[0])}`, of another distribution"])
    missing = [name for name in ("METADATA", "RECORD", "WHEEL") if f"{found[0]}/{name}" not in archive.members]
    if missing:
        raise MalformedWheel(filename.text, [f"`{found[0]}/{name}` is missing" for name in missing])
    return found[0]


def _check_metadata(archive: WheelArchive, filename: WheelFilename, dist_info: str) -> bool:
    """Whether the root of the wheel is `purelib`."""
    wheel = _headers(archive, f"{dist_info}/WHEEL")
    metadata = _headers(archive, f"{dist_info}/METADATA")
    problems = []
    version = wheel.get("wheel-version", "")
    if version.partition(".")[0] != "1":
        problems.append(f"its format has the version `{version}`, and only version 1 is known")
    try:
        if normalise_name(metadata.get("name", "")) != filename.distribution:
            problems.append(f"its metadata names the distribution `{metadata['name']}`")
    except ValueError as error:
        problems.append(f"its metadata has a wrong name: {error}")
    if not _same_version(metadata.get("version", ""), filename.version):
        problems.append(f"its metadata has the version `{metadata.get('version', '')}`")
    if problems:
        raise MalformedWheel(filename.text, problems)
    return wheel.get("root-is-purelib", "").lower() == "true"


def _same_version(left: str, right: str) -> bool:
    try:
        return Version(left) == Version(right)
    except InvalidVersion:
        return left == right


def _headers(archive: WheelArchive, path: str) -> dict[str, str]:
    """The first value of each header, by name in lower case.

    The standard library's parser of mail does the same, in as much time as all else that is read of a small wheel.
    """
    text = archive.read(path, limit=_MAX_METADATA).decode("utf-8", "replace")
    found: list[list[str]] = []
    # What follows the first empty line is a description, which may be long.
    for line in _LINE_END.split(_EMPTY_LINE.split(text, maxsplit=1)[0]):
        if found and line.startswith((" ", "\t")):
            found[-1].append(line)
        elif _HEADER.match(line):
            found.append([line])
        else:
            break
    headers: dict[str, str] = {}
    for lines in found:
        name, _, value = "\n".join(lines).partition(":")
        headers.setdefault(name.lower(), value.strip())
    return headers


def _check_record(archive: WheelArchive, dist_info: str) -> None:
    """RECORD must list exactly the members, apart from itself and its signatures."""
    record = f"{dist_info}/RECORD"
    try:
        listed = recorded_paths(archive.read(record, limit=_MAX_RECORD))
    except MalformedRecord as error:
        raise MalformedWheel(archive.name, [f"`{record}`: {error}"]) from None
    unlisted_by_design = {record, f"{record}.jws", f"{record}.p7s"}
    problems = [
        f"`{shown_path(path)}` is not listed in RECORD"
        for path in sorted(archive.members.keys() - listed.keys() - unlisted_by_design)
    ]
    problems += [
        f"`{shown_path(path)}` is listed in RECORD and missing"
        for path in sorted(listed.keys() - archive.members.keys() - unlisted_by_design)
    ]
    problems += [
        f"`{shown_path(path)}` has no hash in RECORD"
        for path, has_hash in listed.items()
        if not has_hash and path not in unlisted_by_design
    ]
    if problems:
        raise MalformedWheel(archive.name, problems)


def _routed(archive: WheelArchive) -> list[tuple[str, WheelEntry]]:
    """Each member with its installed form, sorted by scheme and path."""
    problems: list[str] = []
    routed: list[tuple[str, WheelEntry]] = []
    site = Scheme.SITE
    for path, member in archive.members.items():
        top, _, below = path.partition("/")
        if not (top.endswith(".data") and below):
            routed.append((path, WheelEntry(site, path, member.size, member.executable)))
            continue
        name, _, rest = below.partition("/")
        scheme = _DATA_SCHEMES.get(name)
        if scheme is None or not rest:
            problems.append(f"`{shown_path(path)}` is in no known scheme of `{shown_path(top)}`")
        elif scheme is Scheme.SCRIPTS and "/" in rest:
            problems.append(f"`{shown_path(path)}` is a script in a directory of its own")
        else:
            executable = member.executable or scheme is Scheme.SCRIPTS
            routed.append((path, WheelEntry(scheme, rest, member.size, executable)))
    if any(member != entry.path for member, entry in routed):
        # Members that stay where they are were compared when the archive was opened.
        for scheme in Scheme:
            problems += path_clashes(entry.path for _, entry in routed if entry.scheme is scheme)
    if problems:
        raise MalformedWheel(archive.name, problems)
    routed.sort(key=lambda pair: pair[1].path)
    return [pair for scheme in Scheme for pair in routed if pair[1].scheme is scheme]


def _layout(archive: WheelArchive, site: Mapping[str, str]) -> tuple[tuple[TopLevel, ...], frozenset[str]]:
    """Top-level names with their kinds, and the namespace directories.

    Below a namespace every directory is asked again; below a regular package none is, since nobody else may extend it.
    """
    children: dict[str, dict[str, None]] = {}
    inits: dict[str, str] = {}
    for path in site:
        directory, _, name = path.rpartition("/")
        if _INIT.fullmatch(name) and directory:
            # `__init__.py` is the one to read where there is also a compiled one.
            inits[directory] = min(inits.get(directory, path), path)
        while directory:
            parent = directory.rpartition("/")[0]
            known = children.setdefault(parent, {})
            if directory in known:
                break
            known[directory] = None
            directory = parent

    kinds: dict[str, TopLevelKind] = {}
    namespaces: set[str] = set()
    pending = list(children.get("", ()))
    while pending:
        directory = pending.pop()
        kind = _directory_kind(archive, site, directory, inits.get(directory))
        kinds[directory] = kind
        if kind in (TopLevelKind.NAMESPACE, TopLevelKind.LEGACY_NAMESPACE):
            namespaces.add(directory)
            pending.extend(children.get(directory, ()))
    top_levels = [TopLevel(name, kind) for name, kind in kinds.items() if "/" not in name]
    top_levels += [TopLevel(path, _file_kind(path)) for path in site if "/" not in path]
    return tuple(sorted(top_levels, key=lambda top: top.name)), frozenset(namespaces)


def _directory_kind(archive: WheelArchive, site: Mapping[str, str], directory: str, init: str | None) -> TopLevelKind:
    if "/" not in directory and directory.endswith(".dist-info"):
        return TopLevelKind.METADATA
    if init is None:
        is_libraries = directory.endswith(".libs") and "/" not in directory
        return TopLevelKind.LIBRARIES if is_libraries else TopLevelKind.NAMESPACE
    member = archive.members[site[init]]
    if init.endswith(".py") and member.size <= _MAX_INIT:
        content = archive.read(member.path, limit=_MAX_INIT)
        if _LEGACY_NAMESPACE.search(content):
            return TopLevelKind.LEGACY_NAMESPACE
    return TopLevelKind.PACKAGE


def _file_kind(path: str) -> TopLevelKind:
    if path.endswith(".pth"):
        return TopLevelKind.PATH_FILE
    return TopLevelKind.MODULE if path.endswith((".py", ".pyc", ".so")) else TopLevelKind.OTHER


def _entry_points(archive: WheelArchive, dist_info: str) -> EntryPoints:
    path = f"{dist_info}/entry_points.txt"
    if path not in archive.members:
        return EntryPoints()
    try:
        return parse_entry_points(archive.read(path, limit=_MAX_METADATA))
    except MalformedEntryPoints as error:
        raise MalformedWheel(archive.name, [f"`{path}`: {error}"]) from None


def _libraries(
    archive: WheelArchive,
    site: Mapping[str, str],
    unpacked: UnpackedWheel | None,
) -> dict[str, LibraryFacts]:
    found: dict[str, LibraryFacts] = {}
    for path, member_path in site.items():
        if not _may_be_library(archive.members[member_path]):
            continue
        with nullcontext(archive.access(member_path)) if unpacked is None else unpacked.opened(path) as access:
            facts = _library(access, path)
        if facts is not None:
            found[path] = facts
    return found


def _library(access: RandomAccess, path: str) -> LibraryFacts | None:
    magic = access.read_at(0, 4)
    if magic == ELF_MAGIC:
        return read_elf(access, path=path)
    return read_macho(access, path=path) if magic in MACHO_MAGICS else None


def _may_be_library(member: ZipMember) -> bool:
    name = member.path.rpartition("/")[2]
    return bool(_LIBRARY.search(name)) or (member.executable and "." not in name)


def without(manifest: WheelManifest, globs: Iterable[str]) -> WheelManifest:
    """The same wheel without the files that `globs` mean, by their paths in site-packages."""
    left_out = path_matcher(globs)
    entries = tuple(e for e in manifest.entries if e.scheme is not Scheme.SITE or not left_out(e.path))
    tops = {entry.path.partition("/")[0] for entry in entries if entry.scheme is Scheme.SITE}
    return replace(
        manifest,
        entries=entries,
        top_levels=tuple(top for top in manifest.top_levels if top.name in tops),
        libraries={path: facts for path, facts in manifest.libraries.items() if not left_out(path)},
        path_files={path: text for path, text in manifest.path_files.items() if not left_out(path)},
    )


def path_matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    """Whether a path is meant by one of several patterns; `*` stays in one directory, `**` does not."""
    pattern = re.compile("|".join(_glob_pattern(glob) for glob in globs) or r"(?!)", re.DOTALL)
    return lambda path: pattern.fullmatch(path) is not None


def _glob_pattern(glob: str) -> str:
    tokens = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "(?:" + "".join(meanings.get(token, re.escape(token)) for token in tokens) + ")"


def _entry_point_fields(point: EntryPoint) -> list[str | tuple[str, ...]]:
    return [point.name, point.module, point.attribute, point.extras]


def _entry_point(fields: Iterable[object]) -> EntryPoint:
    name, module, attribute, extras = fields
    if not (isinstance(name, str) and isinstance(module, str) and isinstance(attribute, str)):
        raise TypeError
    if not isinstance(extras, list):
        raise TypeError
    return EntryPoint(name, module, attribute, tuple(extras))
