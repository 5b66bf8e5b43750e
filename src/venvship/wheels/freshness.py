"""Whether a lock still says what the `pyproject.toml` of a project asks for.

A lock repeats the requirements of each local project (`package.metadata`), so that a changed file can be noticed
without resolving anything. Writers may leave them out; then nothing is known, and nothing is complained about. Markers
are compared by what they come to in many environments: their spelling in the lock is the resolver's own.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

from venvship.model.platform import Platform
from venvship.wheels.filename import normalise_name
from venvship.wheels.lock import ConflictItem, Lock, LockedPackage
from venvship.wheels.markers import Marker, MarkerEnvironment, MarkerSyntaxError, parse_marker

_SAMPLES = tuple(f"3.{minor}.{patch}" for minor in range(6, 21) for patch in (0, 99))
# What a source of the workspace's files may be in its lock.
_LOCKED_AS = {
    "git": {"git"},
    "url": {"url"},
    "path": {"path", "directory", "editable", "virtual"},
    "workspace": {"editable", "virtual", "directory"},
}
_CONDITIONS = frozenset({"extra", "group", "marker"})
_COMMITS = ("branch", "rev", "tag")
_PLATFORMS = ("linux_x86_64", "linux_aarch64", "macos_arm64", "macos_x86_64")
_WINDOWS = {"os_name": "nt", "platform_machine": "AMD64", "platform_system": "Windows", "sys_platform": "win32"}
# What is set for a whole workspace: the key of its file, that of the lock, and what it is.
_SET_FOR_ALL = (
    ("constraint-dependencies", "constraints", "constraint"),
    ("override-dependencies", "overrides", "override"),
    ("build-constraint-dependencies", "build-constraints", "constraint of builds"),
)
# How versions are chosen, by the key of the file and that of the lock, which leaves out what is usual.
_OPTIONS = (
    ("resolution", "resolution-mode", "highest"),
    ("prerelease", "prerelease-mode", "if-necessary-or-explicit"),
    ("fork-strategy", "fork-strategy", "requires-python"),
)
# With one of these the version is not the index's to say, and the lock does not repeat the specifier.
_SOURCES = ("editable", "virtual", "directory", "path", "url", "git")


def differences(
    pyproject: Mapping[str, object], package: LockedPackage, lock: Lock, *, root: Mapping[str, object] | None = None
) -> tuple[str, ...]:
    """What the file asks for and the lock does not, and the other way round, one sentence each.

    `root` is the file beside the lock, whose sources hold for all members of the workspace.
    """
    metadata = package.declared
    project = pyproject.get("project")
    if metadata is None or not isinstance(project, Mapping):
        return ()
    dynamic = project.get("dynamic")
    found: list[str] = []
    own_name = project.get("name")
    if isinstance(own_name, str) and _name(own_name) != package.name:
        found.append(f"the project is called `{_name(own_name)}` and was `{package.name}` when the lock was made")
    if not isinstance(dynamic, list) or not {"dependencies", "optional-dependencies"} & {str(d) for d in dynamic}:
        requires = metadata.get("requires-dist")
        texts = [text for _, listed in _tables(project) for text in listed]
        different = [*_compared(dict(_asked(texts)), _locked(requires), own=package.name)]
        if not different:
            different += _extra_differences(texts, requires)
            different += _marker_differences(_tables(project), requires, lock)
            different += _source_differences(pyproject, root or {}, metadata.get("requires-dist"), members=lock.members)
        found += different
    groups = _groups(pyproject)
    locked_groups = metadata.get("requires-dev")
    if groups is not None and isinstance(locked_groups, Mapping):
        for name in sorted(groups.keys() & {_name(str(group)) for group in locked_groups}):
            entries = next(rows for group, rows in locked_groups.items() if _name(str(group)) == name)
            where = f" in group `{name}`"
            different = [*_compared(dict(_asked(groups[name])), _locked(entries), own=package.name, where=where)]
            if not different:
                different += _extra_differences(groups[name], entries, where=where)
                # Groups may be for some versions of Python only, which their markers say in the lock.
                if not _table(_uv_table(pyproject), "dependency-groups"):
                    different += _marker_differences([("", groups[name])], entries, lock, where=where)
            found += different
        found += [
            f"group `{name}` is new"
            for name in sorted(groups.keys() - {_name(str(g)) for g in locked_groups})
            if groups[name]
        ]
    return tuple(found)


def version_difference(pyproject: Mapping[str, object], package: LockedPackage) -> str | None:
    """How the version of a project is another one than in its lock, which nothing that is chosen depends on."""
    project = _table(pyproject, "project")
    text = project.get("version")
    if not isinstance(text, str) and "version" not in _texts(project.get("dynamic")):
        return None
    asked = _version(text) if isinstance(text, str) else None
    if asked == _version(package.version) or (isinstance(text, str) and asked is None):
        return None
    now, before = text if isinstance(text, str) else "dynamic", package.version or "dynamic"
    return f"the version of `{package.name}` is {now} and was {before} when the lock was made"


def workspace_differences(
    projects: Mapping[str, Mapping[str, object]], lock: Lock, *, root: Mapping[str, object]
) -> tuple[str, ...]:
    """What the files of all projects of a workspace, by name, say of it as a whole and the lock does not.

    `root` is the file beside the lock, which may be of no project.
    Python versions are compared by which of them are meant, as resolvers spell ranges in their own way.
    """
    return (
        *_python_differences(projects, lock),
        *_conflict_differences(projects, lock),
        *_environment_differences(root, lock),
        *_set_for_all_differences(root, lock),
        *_option_differences(root, lock),
    )


def member_patterns(pyproject: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The patterns of directories that are members of the workspace, and of those that are not; None without any."""
    workspace = _uv_table(pyproject).get("workspace")
    if not isinstance(workspace, Mapping):
        return None
    return tuple(_texts(workspace.get("members"))), tuple(_texts(workspace.get("exclude")))


def _python_differences(projects: Mapping[str, Mapping[str, object]], lock: Lock) -> Iterator[str]:
    texts = [_table(document, "project").get("requires-python") for document in projects.values()]
    asked = [text for text in texts if isinstance(text, str)]
    if not asked or not lock.requires_python:
        return
    try:
        wanted, locked = SpecifierSet(",".join(asked)), SpecifierSet(lock.requires_python)
    except InvalidSpecifier:
        return  # whoever makes the lock complains about it
    if any((version in wanted) != (version in locked) for version in _SAMPLES):
        shown = ", ".join(sorted(set(asked)))
        yield f"`requires-python` is asked for as {shown} and locked as {lock.requires_python}"


def _conflict_differences(projects: Mapping[str, Mapping[str, object]], lock: Lock) -> Iterator[str]:
    locked = {frozenset(items) for items in lock.conflicts}
    declared = [found for name in sorted(projects) for found in _conflicts(name, projects[name])]
    for items in declared:
        if items not in locked:
            yield f"the conflict of {' and '.join(sorted(str(item) for item in items))} is new"
    for items in sorted(locked.difference(declared), key=lambda items: sorted(map(str, items))):
        if not any(_follows(items, one, projects) for one in declared):
            yield f"the conflict of {' and '.join(sorted(str(item) for item in items))} is not declared any more"


def _follows(
    items: frozenset[ConflictItem], declared: frozenset[ConflictItem], projects: Mapping[str, Mapping[str, object]]
) -> bool:
    """Whether a resolver makes this of a declared conflict: who includes a group conflicts with what it does."""
    return len(items) == len(declared) and all(
        any(
            one == item
            or (one.package == item.package and one.group in _included(projects.get(item.package, {}), item.group))
            for one in declared
        )
        for item in items
    )


def _included(pyproject: Mapping[str, object], group: str | None) -> set[str]:
    """The groups that a group includes, at any depth."""
    table = {_name(name): rows for name, rows in _table(pyproject, "dependency-groups").items()}
    found: set[str] = set()
    pending = [] if group is None else [group]
    while pending:
        rows = table.get(pending.pop())
        for row in rows if isinstance(rows, list) else ():
            inner = row.get("include-group") if isinstance(row, Mapping) else None
            if isinstance(inner, str) and _name(inner) not in found:
                found.add(_name(inner))
                pending.append(_name(inner))
    return found


def _conflicts(name: str, document: Mapping[str, object]) -> Iterator[frozenset[ConflictItem]]:
    rows = _uv_table(document).get("conflicts")
    for row in rows if isinstance(rows, list) else ():
        items = set()
        for item in row if isinstance(row, list) else ():
            if isinstance(item, Mapping):
                extra, group = item.get("extra"), item.get("group")
                items.add(
                    ConflictItem(
                        _name(str(item.get("package", name))),
                        extra=None if extra is None else _name(str(extra)),
                        group=None if group is None else _name(str(group)),
                    )
                )
        if items:
            yield frozenset(items)


def _environment_differences(root: Mapping[str, object], lock: Lock) -> Iterator[str]:
    for key, markers in (("environments", lock.supported_markers), ("required-environments", lock.required_markers)):
        said = _uv_table(root).get(key)
        try:
            asked = [parse_marker(text) for text in ([said] if isinstance(said, str) else _texts(said))]
        except MarkerSyntaxError:
            return  # whoever makes the lock complains about it
        # Without any, all environments are supported, and none is required.
        everywhere = key == "environments"
        for one in _environments(lock.requires_python):
            wanted, locked = ((everywhere and not of) or any(map(one.satisfies, of)) for of in (asked, markers))
            if wanted != locked:
                yield f"`{key}` are declared otherwise than they are locked"
                break


def _option_differences(root: Mapping[str, object], lock: Lock) -> Iterator[str]:
    """What the file says itself; what it leaves out may be in the settings of whoever makes the lock."""
    for key, locked_key, usual in _OPTIONS:
        said, had = _uv_table(root).get(key), lock.options.get(locked_key, usual)
        if isinstance(said, str) and isinstance(had, str) and said != had:
            yield f"`{key}` is declared as `{said}` and was `{had}` when the lock was made"
    yield from _moment_differences(_uv_table(root).get("exclude-newer"), lock.options)
    excluded = {_name(text) for text in _texts(_uv_table(root).get("exclude-dependencies"))}
    left_out = {_name(text) for text in _texts(lock.declared.get("excludes"))}
    for name in sorted(excluded ^ left_out):
        yield f"`{name}` is {'excluded now' if name in excluded else 'not excluded any more'}"


def _set_for_all_differences(root: Mapping[str, object], lock: Lock) -> Iterator[str]:
    """Constraints and overrides, by their specifiers: the resolver spells markers in its own way."""
    for key, locked_key, what in _SET_FOR_ALL:
        asked = dict(_asked(_texts(_uv_table(root).get(key))))
        locked = _locked(lock.declared.get(locked_key))
        for name in sorted(asked.keys() ^ locked.keys()):
            yield f"the {what} of `{name}` is {'new' if name in asked else 'locked and not declared any more'}"
        for name in sorted(asked.keys() & locked.keys()):
            specifiers = locked[name]
            if specifiers is not None and specifiers != asked[name]:
                wanted, had = (", ".join(sorted(texts - {""})) or "any version" for texts in (asked[name], specifiers))
                yield f"the {what} of `{name}` is {wanted} and was {had} when the lock was made"


def _moment_differences(said: object, options: Mapping[str, object]) -> Iterator[str]:
    """Of what is too new to be chosen. Days and spans are left alone: the lock has a moment that was made of them."""
    had = options.get("exclude-newer")
    if not isinstance(said, str) or "exclude-newer-span" in options:
        return
    if had is None:
        yield f"`exclude-newer` is declared as `{said}` and was not when the lock was made"
    elif isinstance(had, str) and "T" in said and _moment(said) != _moment(had):
        yield f"`exclude-newer` is declared as `{said}` and was `{had}` when the lock was made"


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None  # whoever makes the lock complains about it
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _tables(project: Mapping[str, object]) -> list[tuple[str, list[str]]]:
    """What a project asks for by extra; the empty one stands for what it always needs."""
    extras = _table(project, "optional-dependencies")
    return [("", _texts(project.get("dependencies"))), *((name, _texts(texts)) for name, texts in extras.items())]


def _extra_differences(texts: Iterable[str], locked: object, *, where: str = "") -> Iterator[str]:
    """Distributions that are asked for with other extras than they are locked with."""
    asked: defaultdict[str, set[str]] = defaultdict(set)
    had: defaultdict[str, set[str]] = defaultdict(set)
    try:
        for requirement in map(Requirement, texts):
            asked[_name(requirement.name)].update(map(_name, requirement.extras))
    except InvalidRequirement:
        return  # whoever makes the lock complains about it
    for row in locked if isinstance(locked, list) else ():
        if isinstance(row, Mapping):
            had[_name(str(row.get("name")))].update(map(_name, _texts(row.get("extras"))))
    for name in sorted(asked.keys() & had.keys()):
        if asked[name] != had[name]:
            wanted, before = (", ".join(sorted(names)) or "no extra" for names in (asked[name], had[name]))
            yield f"`{name}` is asked for{where} with {wanted} and locked with {before}"


def _marker_differences(
    tables: Iterable[tuple[str, Iterable[str]]], locked: object, lock: Lock, *, where: str = ""
) -> Iterator[str]:
    """Distributions that are asked for in environments, or with extras, in which the lock does not have them."""
    asked: defaultdict[str, list[tuple[str, Marker | None]]] = defaultdict(list)
    had: defaultdict[str, list[Marker | None]] = defaultdict(list)
    try:
        for extra, texts in tables:
            for requirement in map(Requirement, texts):
                marker = None if requirement.marker is None else parse_marker(str(requirement.marker))
                asked[_name(requirement.name)].append((extra and _name(extra), marker))
        for row in locked if isinstance(locked, list) else ():
            if isinstance(row, Mapping):
                text = row.get("marker")
                had[_name(str(row.get("name")))].append(parse_marker(text) if isinstance(text, str) else None)
    except (InvalidRequirement, MarkerSyntaxError):
        return  # whoever makes the lock complains about it
    for name in sorted(asked.keys() & had.keys()):
        if not _mean_the_same(tuple(asked[name]), tuple(had[name]), lock.requires_python, lock.supported_markers):
            yield f"`{name}` is asked for{where} with another marker than it is locked with"


def _source_differences(
    pyproject: Mapping[str, object], root: Mapping[str, object], locked: object, *, members: Sequence[str]
) -> Iterator[str]:
    """Distributions that are locked from elsewhere than the files say; sources for some targets only are left alone."""
    said = {**_table(_uv_table(root), "sources"), **_table(_uv_table(pyproject), "sources")}
    sources = {_name(name): entry for name, entry in said.items()}
    project = _table(pyproject, "project")
    texts = _texts(project.get("dependencies"))
    for more in _table(project, "optional-dependencies").values():
        texts += _texts(more)
    direct = {_name(text.partition("@")[0].partition("[")[0].strip()) for text in texts if "@" in text}
    for row in locked if isinstance(locked, list) else ():
        name = _name(str(row.get("name"))) if isinstance(row, Mapping) else ""
        entry = sources.get(name)
        if isinstance(entry, list):
            entry = entry[0] if len(entry) == 1 else {"marker": ""}
        if not name or name in direct or (isinstance(entry, Mapping) and entry.keys() & _CONDITIONS):
            continue
        kinds = [kind for kind in _SOURCES if kind in row]
        if entry is None and (name in members or not {"git", "url", "path", "directory"} & set(kinds)):
            continue
        asked = next((kind for kind in _LOCKED_AS if isinstance(entry, Mapping) and kind in entry), "an index")
        if asked == "workspace" and not kinds:
            continue  # so it is written of a project at the root whose version is dynamic
        if (kinds and asked == "an index") or (asked in _LOCKED_AS and not _LOCKED_AS[asked] & set(kinds)):
            yield f"`{name}` is asked for from {asked} and locked from {kinds[0] if kinds else 'an index'}"
        elif asked == "git" and isinstance(entry, Mapping):
            had = {key: values[0] for key, values in parse_qs(urlsplit(str(row["git"])).query).items()}
            wanted, locked_at = (_reference(entry), _reference(had))
            if wanted != locked_at:
                yield f"`{name}` is asked for at {wanted} and locked at {locked_at}"


def _reference(source: Mapping[str, object]) -> str:
    return " ".join(f"{key} {source[key]}" for key in _COMMITS if source.get(key)) or "the default branch"


@functools.cache
def _mean_the_same(
    asked: tuple[tuple[str, Marker | None], ...],
    locked: tuple[Marker | None, ...],
    requires_python: str,
    supported: tuple[Marker, ...],
) -> bool:
    """Whether something is asked for, with the extras of which each is for one, where the lock has it."""
    if not any(marker for _, marker in asked) and not any(locked):
        return True
    active = ["", *sorted({extra for extra, _ in asked if extra})]
    return all(
        any(extra in ("", chosen) and one.satisfies(marker) for extra, marker in asked)
        == any(one.satisfies(marker, {chosen}) for marker in locked)
        for one in _environments(requires_python)
        if not supported or any(map(one.satisfies, supported))
        for chosen in active
    )


@functools.cache
def _environments(requires_python: str) -> tuple[MarkerEnvironment, ...]:
    """Environments that a lock for these versions of Python may be used in."""
    try:
        wanted = SpecifierSet(requires_python)
    except InvalidSpecifier:
        return ()
    versions = [text for text in _SAMPLES if text in wanted]
    linux = [MarkerEnvironment.of(Platform.parse(name), text) for name in _PLATFORMS for text in versions]
    windows = [MarkerEnvironment({**one.variables, **_WINDOWS}) for one in linux[: len(versions)]]
    return (*linux, *windows)


def _uv_table(pyproject: Mapping[str, object]) -> Mapping[str, object]:
    return _table(_table(pyproject, "tool"), "uv")


def _table(above: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = above.get(name)
    return found if isinstance(found, Mapping) else {}


def _compared(
    asked: Mapping[str, frozenset[str]], locked: Mapping[str, frozenset[str] | None], *, own: str, where: str = ""
) -> Iterator[str]:
    """`own` is the project itself, whose extras may name others of its extras."""
    for name in sorted(asked.keys() - locked.keys() - {own}):
        yield f"`{name}` is asked for{where} and not locked"
    for name in sorted(locked.keys() - asked.keys()):
        yield f"`{name}` is locked{where} and not asked for any more"
    for name in sorted(asked.keys() & locked.keys()):
        specifiers = locked[name]
        if specifiers is not None and specifiers != asked[name]:
            wanted, had = (", ".join(sorted(texts - {""})) or "any version" for texts in (asked[name], specifiers))
            yield f"`{name}` is asked for{where} as {wanted} and locked as {had}"


def _asked(texts: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
    found: dict[str, frozenset[str]] = {}
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue  # whoever makes the lock complains about it
        name = _name(requirement.name)
        found[name] = found.get(name, frozenset()) | {_specifier(str(requirement.specifier))}
    yield from found.items()


def _locked(rows: object) -> dict[str, frozenset[str] | None]:
    """The specifiers of each name; None where a source takes their place."""
    found: dict[str, frozenset[str] | None] = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and isinstance(row.get("name"), str):
            name = _name(row["name"])
            had = found.get(name, frozenset())
            if had is None or any(source in row for source in _SOURCES):
                found[name] = None
            else:
                found[name] = had | {_specifier(str(row.get("specifier", "")))}
    return found


def _groups(pyproject: Mapping[str, object]) -> dict[str, list[str]] | None:
    """Dependency groups with what they include spelled out; None where an inclusion leads nowhere."""
    table = pyproject.get("dependency-groups")
    groups = {_name(str(name)): rows for name, rows in table.items()} if isinstance(table, Mapping) else {}
    legacy = _texts(_uv_table(pyproject).get("dev-dependencies"))

    def spelled(name: str, above: tuple[str, ...]) -> list[str]:
        found: list[str] = []
        for row in groups[name] if isinstance(groups[name], list) else ():
            if isinstance(row, str):
                found.append(row)
            elif isinstance(row, Mapping) and isinstance(row.get("include-group"), str):
                inner = _name(row["include-group"])
                if inner not in groups or inner in above:
                    raise LookupError
                found += spelled(inner, (*above, inner))
        return found

    try:
        expanded = {name: spelled(name, (name,)) for name in groups}
    except LookupError:
        return None
    if legacy:
        expanded["dev"] = [*expanded.get("dev", []), *legacy]
    return expanded


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _name(text: str) -> str:
    try:
        return normalise_name(text)
    except ValueError:
        return text


def _version(text: str | None) -> Version | None:
    try:
        return None if text is None else Version(text)
    except InvalidVersion:
        return None  # whoever makes the lock complains about it


def _specifier(text: str) -> str:
    """Zeros at the end of a version make no difference, but where they say how much of it counts."""
    try:
        return ",".join(
            sorted(
                str(one)
                if one.operator in ("~=", "===") or one.version.endswith(".*")
                else f"{one.operator}{canonicalize_version(one.version)}"
                for one in SpecifierSet(text)
            )
        )
    except InvalidSpecifier:
        return text
