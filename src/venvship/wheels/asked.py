"""Requirements of files and of their locks in one form, and how the ones differ from the others."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_version

from venvship.dataclass import dataclass
from venvship.wheels.marker_samples import extras_of, sample_environments
from venvship.wheels.markers import AllOf, Marker, MarkerEnvironment, MarkerSyntaxError, parse_marker
from venvship.wheels.pyproject import normalised, table, tables, tables_in, texts, uv_table

_LOCAL: Final = ("editable", "virtual", "directory", "path")
_KINDS: Final = (*_LOCAL, "url", "git")
_ARCHIVES: Final = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tar")
_COMMITS: Final = ("branch", "rev", "tag")
_INDEX: Final = "index"

Origins: TypeAlias = Mapping[str, str | None]
"""The kinds of sources that a distribution may come from, with their addresses; None for one that is not known."""

ANYWHERE: Final[Origins] = dict.fromkeys((*_KINDS, _INDEX))


class Unreadable(ValueError):
    """A requirement or a marker that whoever makes the lock complains about."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One requirement, which counts where `marker` holds and none of `unless` does.

    `extra` is the one that asks for it; in locks, markers say it.
    """

    extras: frozenset[str]
    clauses: frozenset[str]
    origins: Origins
    marker: Marker | None = None
    extra: str = ""
    unless: tuple[Marker, ...] = ()

    @property
    def markers(self) -> Iterator[Marker]:
        if self.marker is not None:
            yield self.marker
        yield from self.unless

    def counts(self, environment: MarkerEnvironment, chosen: str) -> bool:
        return (
            self.extra in ("", chosen)
            and environment.satisfies(self.marker, {chosen})
            and not any(environment.satisfies(marker, {chosen}) for marker in self.unless)
        )

    @property
    def has_source(self) -> bool:
        """Whether the version is not an index's to say: then locks do not repeat the specifier."""
        return _INDEX not in self.origins

    @property
    def specifier(self) -> str:
        return ",".join(sorted(self.clauses))


ByName: TypeAlias = Mapping[str, Sequence[Asked]]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a project takes distributions from: its own file says it, or that of its workspace.

    `directory` is that of the project, relative to the lock. What is `members` needs no source to be in the workspace.
    """

    own: Mapping[str, object]
    root: Mapping[str, object]
    directory: str = "."
    members: frozenset[str] = frozenset()

    def of(self, name: str, extra: str, group: str) -> list[tuple[Origins, Marker | None]]:
        """The sources of a distribution with the environments that each is for."""
        for document, directory in ((self.own, self.directory), (self.root, ".")):
            for key, entry in table(uv_table(document), "sources").items():
                if normalised(key) == name:
                    entries = tables_in(entry if isinstance(entry, list) else [entry])
                    return [
                        (self._origins(one, name, directory), _marker(one.get("marker")))
                        for one in entries
                        if _is_for(one.get("extra"), extra) and _is_for(one.get("group"), group)
                    ]
        return []

    def usual(self, name: str) -> Origins:
        """Where a distribution comes from of which nothing is said."""
        local = ("editable", "virtual", "directory") if name in self.members else ("editable", "virtual")
        return {_INDEX: "", **dict.fromkeys(local)}

    def _origins(self, entry: Mapping[str, object], name: str, directory: str) -> Origins:
        kinds = {key: value for key, value in entry.items() if isinstance(value, str)}
        if "git" in kinds:
            return {"git": _git(kinds["git"], entry)}
        if "url" in kinds:
            return {"url": _address(kinds["url"])}
        if _INDEX in kinds:
            return {_INDEX: self._index(kinds[_INDEX])}
        if "path" in kinds and name not in self.members:
            return _path_origins(kinds["path"], entry, directory)
        if "path" in kinds:
            return dict.fromkeys(_LOCAL)
        if entry.get("workspace") is True:
            # A project at the root whose version is dynamic is written without a source.
            return {**dict.fromkeys(_LOCAL[:3]), _INDEX: ""}
        return ANYWHERE

    def _index(self, name: str) -> str | None:
        for document in (self.own, self.root):
            for row in tables(uv_table(document), "index"):
                url = row.get("url")
                if row.get("name") == name and isinstance(url, str):
                    return index_address(url)
        return None


NOWHERE: Final = Sources({}, {})


def asked_for(
    requirements: Iterable[tuple[str, str]], sources: Sources, *, group: str = "", python: str = ""
) -> dict[str, list[Asked]]:
    """What a file asks for, by name: requirements with the extra that has each. Raises Unreadable.

    `python` are the versions that they are for.
    """
    found: defaultdict[str, list[Asked]] = defaultdict(list)
    for extra, text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise Unreadable(str(error)) from None
        name = normalised(requirement.name)
        marker = _both(_marker(None if requirement.marker is None else str(requirement.marker)), _of_python(python))
        extras = frozenset(map(normalised, requirement.extras))
        clauses = _clauses(requirement.specifier)
        said = [(_direct(requirement.url), None)] if requirement.url else sources.of(name, extra, group)
        for origins, where in said:
            found[name].append(Asked(extras, clauses, origins, _both(marker, where), extra))
        if all(where is not None for _, where in said):
            others = tuple(where for _, where in said if where is not None)
            found[name].append(Asked(extras, clauses, sources.usual(name), marker, extra, unless=others))
    return found


def locked_for(rows: object) -> dict[str, list[Asked]]:
    """What a lock repeats of requirements, by name. Raises Unreadable."""
    found: defaultdict[str, list[Asked]] = defaultdict(list)
    for row in tables_in(rows):
        kind = next((kind for kind in (*_KINDS, _INDEX) if isinstance(row.get(kind), str)), None)
        specifier = row.get("specifier", "")
        try:
            clauses = _clauses(SpecifierSet(specifier if isinstance(specifier, str) else ""))
        except InvalidSpecifier as error:
            raise Unreadable(str(error)) from None
        origins = {_INDEX: ""} if kind is None else {kind: _locked_address(kind, str(row[kind]))}
        extras = frozenset(map(normalised, texts(row.get("extras"))))
        found[normalised(str(row.get("name")))].append(Asked(extras, clauses, origins, _marker(row.get("marker"))))
    return found


def flattened(by_name: ByName, own: str) -> dict[str, list[Asked]]:
    """Without what a project asks of itself: the extras that name others of its extras ask for what those do."""
    inner: defaultdict[str, set[str]] = defaultdict(set)
    for row in by_name.get(own, ()):
        if row.extra and row.marker is None:
            inner[row.extra] |= row.extras
    while True:
        more = {extra: names.union(*(inner.get(name, ()) for name in names)) for extra, names in inner.items()}
        if more == inner:
            break
        inner = defaultdict(set, more)
    outer = {name: [name, *(extra for extra in sorted(inner) if name in inner[extra])] for name in _extras(by_name)}
    return {
        name: [
            Asked(row.extras, row.clauses, row.origins, row.marker, extra, row.unless)
            for row in rows
            for extra in outer.get(row.extra, [row.extra])
        ]
        for name, rows in by_name.items()
        if name != own
    }


def _extras(by_name: ByName) -> set[str]:
    return {row.extra for rows in by_name.values() for row in rows if row.extra}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares for the versions of Python and the environments that a lock is for."""

    requires_python: str
    supported: tuple[Marker, ...] = ()

    def same(self, asked: Sequence[Asked], locked: Sequence[Asked]) -> bool:
        """Whether requirements of one distribution come to the same everywhere."""
        markers = [marker for row in (*asked, *locked) for marker in row.markers]
        extras = extras_of(markers) | {row.extra for row in asked}
        environments = sample_environments((*markers, *self.supported), self.requires_python)
        active = {
            (
                tuple(n for n, row in enumerate(asked) if row.counts(environment, chosen)),
                tuple(n for n, row in enumerate(locked) if row.counts(environment, chosen)),
            )
            for environment in environments
            if not self.supported or any(map(environment.satisfies, self.supported))
            for chosen in sorted(extras | {""})
        }
        return all(_come_to_the_same([asked[n] for n in some], [locked[n] for n in others]) for some, others in active)


def what_differs(asked: Sequence[Asked], locked: Sequence[Asked]) -> tuple[str, str] | None:
    """What is asked for and what is locked, of requirements that are not the same; None when it is only the marker."""
    wanted, had = ({row.specifier for row in rows} for rows in (asked, locked))
    if wanted != had and not any(row.has_source for row in (*asked, *locked)):
        return (
            "as " + (", ".join(sorted(wanted - {""})) or "any version"),
            "as " + (", ".join(sorted(had - {""})) or "any version"),
        )
    extras, had_extras = ({extra for row in rows for extra in row.extras} for rows in (asked, locked))
    if extras != had_extras:
        return (
            "with " + (", ".join(sorted(extras)) or "no extra"),
            "with " + (", ".join(sorted(had_extras)) or "no extra"),
        )
    unlike = [row for row in asked if not any(_fits(row.origins, other.origins) for other in locked)]
    other = [row for row in locked if not any(_fits(row.origins, one.origins) for one in asked)]
    if unlike and locked:
        return _shown_origins(unlike[0].origins, (other or locked)[0].origins)
    if other and asked:
        return _shown_origins(asked[0].origins, other[0].origins)
    return None


def _shown_origins(asked: Origins, locked: Origins) -> tuple[str, str]:
    kinds = [_shown_kind(asked), _shown_kind(locked)]
    if kinds[0] != kinds[1]:
        return f"from {kinds[0]}", f"from {kinds[1]}"
    addresses = [next(iter(origins.values())) or "" for origins in (asked, locked)]
    if "git" in asked and addresses[0].partition("?")[0] == addresses[1].partition("?")[0]:
        references = [_shown_reference(address) for address in addresses]
        if references[0] != references[1]:
            return f"at {references[0]}", f"at {references[1]}"
    shown = [f"from {address or 'the usual index'}" for address in addresses]
    return shown[0], shown[1]


def _shown_kind(origins: Origins) -> str:
    if _INDEX in origins and "directory" not in origins:
        return "an index"
    if "directory" in origins and len(origins) > 1:
        return "the workspace" if _INDEX in origins else "path"
    return next(iter(origins))


def _shown_reference(address: str) -> str:
    said = parse_qs(address.partition("?")[2])
    return " ".join(f"{key} {said[key][0]}" for key in _COMMITS if key in said) or "the default branch"


def _come_to_the_same(asked: list[Asked], locked: list[Asked]) -> bool:
    if not asked or not locked:
        return not asked and not locked
    sourced = any(row.has_source for row in (*asked, *locked))
    clauses, had = (frozenset().union(*(row.clauses for row in rows)) for rows in (asked, locked))
    extras, had_extras = (frozenset().union(*(row.extras for row in rows)) for rows in (asked, locked))
    return (
        extras == had_extras
        and (sourced or clauses == had)
        and all(any(_fits(row.origins, other.origins) for other in locked) for row in asked)
        and all(any(_fits(row.origins, other.origins) for row in asked) for other in locked)
    )


def _fits(one: Origins, other: Origins) -> bool:
    return any(one[kind] is None or other[kind] is None or one[kind] == other[kind] for kind in one.keys() & other)


def _is_for(said: object, chosen: str) -> bool:
    return said is None or (isinstance(said, str) and normalised(said) == chosen)


def _path_origins(path: str, entry: Mapping[str, object], directory: str) -> Origins:
    where = None if "$" in path or path.startswith(("/", "~")) else posixpath.normpath(posixpath.join(directory, path))
    if entry.get("editable") is True:
        return {"editable": where}
    if path.lower().endswith(_ARCHIVES):
        return {"path": where}
    return {"virtual": where} if entry.get("package") is False else {"directory": where, "virtual": where}


def _direct(url: str) -> Origins:
    if urlsplit(url).scheme in ("http", "https"):
        return {"url": _address(url)}
    return {"git": None} if url.startswith("git+") else dict.fromkeys(_LOCAL)


def _git(url: str, entry: Mapping[str, object]) -> str | None:
    said = {key: entry[key] for key in (*_COMMITS, "subdirectory") if isinstance(entry.get(key), str)}
    address = _address(url)
    return None if address is None else _git_address(address, {**said, "lfs": entry.get("lfs")})


def _git_address(address: str, said: Mapping[str, object]) -> str:
    options = "&".join(f"{key}={said[key]}" for key in sorted(said) if key != "lfs")
    return f"{address}?{options}{'&lfs=true' if said.get('lfs') in (True, 'true') else ''}"


def _locked_address(kind: str, text: str) -> str | None:
    if kind == "git":
        before, _, query = text.partition("#")[0].partition("?")
        options = {key: values[0] for key, values in parse_qs(query).items()}
        known: dict[str, object] = {key: options[key] for key in (*_COMMITS, "subdirectory", "lfs") if key in options}
        address = _address(before)
        return None if address is None else _git_address(address, known)
    if kind == "url":
        return _address(text)
    if kind == _INDEX:
        return index_address(text)
    return None if text.startswith(("/", "~")) else posixpath.normpath(text)


def index_address(url: str) -> str | None:
    """An address of an index as it is compared; None for one that depends on where the file lies or who reads it."""
    address = _address(url)
    return None if address is None or not address.startswith(("http://", "https://")) else address.rstrip("/")


def _address(url: str) -> str | None:
    """Without credentials, which locks leave out, and without hashes; None where variables are written in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if "$" in url or not parts.scheme:
        return None
    host = parts.netloc.rpartition("@")[2].lower()
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme.lower()}://{host}{unquote(parts.path)}{query}"


def _marker(text: object) -> Marker | None:
    if not isinstance(text, str):
        return None
    try:
        return parse_marker(text)
    except MarkerSyntaxError as error:
        raise Unreadable(str(error)) from None


def _of_python(specifiers: str) -> Marker | None:
    try:
        clauses = [f"python_full_version {one.operator} '{one.version}'" for one in SpecifierSet(specifiers)]
    except InvalidSpecifier as error:
        raise Unreadable(str(error)) from None
    return _marker(" and ".join(clauses)) if clauses else None


def _both(one: Marker | None, other: Marker | None) -> Marker | None:
    if one is None or other is None:
        return other if one is None else one
    return AllOf((one, other))


def _clauses(specifiers: SpecifierSet) -> frozenset[str]:
    """Zeros at the end of a version make no difference, but where they say how much of it counts."""
    return frozenset(
        str(one)
        if one.operator in ("~=", "===") or one.version.endswith(".*")
        else f"{one.operator}{canonicalize_version(one.version)}"
        for one in specifiers
    )
