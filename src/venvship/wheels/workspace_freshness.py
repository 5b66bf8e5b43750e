"""Whether a lock still says what a workspace is as a whole: members, Python versions, conflicts, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from venvship.wheels.asked import (
    ANYWHERE,
    NOWHERE,
    Asked,
    ByName,
    Comparison,
    Sources,
    Unreadable,
    asked_for,
    index_address,
    locked_for,
    what_differs,
)
from venvship.wheels.freshness import group_differences
from venvship.wheels.lock import (
    ConflictItem,
    DirectorySource,
    EditableSource,
    Lock,
    LockedPackage,
    RegistrySource,
    VirtualSource,
)
from venvship.wheels.marker_samples import SAMPLE_VERSIONS, sample_environments
from venvship.wheels.markers import MarkerSyntaxError, parse_marker
from venvship.wheels.pyproject import (
    groups,
    included_groups,
    normalised,
    project_name,
    table,
    tables,
    tables_in,
    texts,
    uv_table,
)

Projects = Mapping[str, Mapping[str, object]]
"""The files of the projects of a workspace, by name."""

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
# These two mean the same.
_PRERELEASES = {"if-necessary": "if-necessary-or-explicit"}
# The first locks had all projects as editable ones.
_TELLS_OF_KINDS = 1
# Since then, locks tell which groups are installed where none is named.
_TELLS_OF_DEFAULTS = 5
_SPAN = re.compile(r"(\d+)\s*(hour|hr|h|day|d|week|wk|w)s?", re.ASCII | re.IGNORECASE)
_UNITS = {"h": "PT{}H", "d": "P{}D", "w": "P{}W"}


def workspace_differences(projects: Projects, lock: Lock, *, root: Mapping[str, object]) -> tuple[str, ...]:
    """What the files of all projects of a workspace say of it as a whole and the lock does not.

    `root` is the file beside the lock, which may be of no project.
    Python versions are compared by which of them are meant, as resolvers spell ranges in their own way.
    """
    documents = projects if project_name(root) is not None else {**projects, "": root}
    return (
        *_python_differences(projects, lock),
        *_kind_differences(documents, lock),
        *_conflict_differences(documents, lock),
        *_environment_differences(root, lock),
        *_set_for_all_differences(root, lock),
        *_option_differences(root, lock),
        *_metadata_differences(root, lock),
        *_root_group_differences(root, lock),
    )


def harmless_differences(projects: Projects, lock: Lock, *, root: Mapping[str, object]) -> tuple[str, ...]:
    """What a lock made now would say otherwise, which nothing that is chosen depends on."""
    documents = projects if project_name(root) is not None else {**projects, "": root}
    return (
        *_default_group_differences(documents, lock),
        *_order_differences(documents, lock, root),
        *_index_differences(documents, lock, root),
        *_undeclared_options(root, lock),
    )


def _python_differences(projects: Projects, lock: Lock) -> Iterator[str]:
    asked = [
        text
        for document in projects.values()
        if isinstance(text := table(document, "project").get("requires-python"), str)
    ]
    if not asked or not lock.requires_python:
        return
    try:
        wanted, locked = SpecifierSet(",".join(asked)), SpecifierSet(lock.requires_python)
    except InvalidSpecifier:
        return  # whoever makes the lock complains about it
    if any((version in wanted) != (version in locked) for version in SAMPLE_VERSIONS):
        shown = ", ".join(sorted(set(asked)))
        yield f"`requires-python` is asked for as {shown} and locked as {lock.requires_python}"


def _kind_differences(documents: Projects, lock: Lock) -> Iterator[str]:
    """Members that are installed otherwise than when the lock was made, or not at all."""
    if lock.revision < _TELLS_OF_KINDS:
        return
    required = _required_members(documents)
    packages = {package.name: package for package in lock.packages if package.name in lock.members}
    for name in sorted(documents.keys() & packages.keys()):
        source = packages[name].source
        is_package = _is_package(documents[name], is_required=name in required)
        if is_package is not None and is_package is isinstance(source, VirtualSource):
            yield f"`{name}` is {'a package now' if is_package else 'not a package any more'}"
        elif required.get(name) is False and isinstance(source, EditableSource):
            yield f"`{name}` is not editable any more"
        elif required.get(name) is not False and isinstance(source, DirectorySource):
            yield f"`{name}` is editable now"


def _is_package(document: Mapping[str, object], *, is_required: bool) -> bool | None:
    """Whether a project is installed itself; None where that depends on who makes the lock."""
    said = uv_table(document).get("package")
    if isinstance(said, bool):
        return said
    if isinstance(document.get("build-system"), Mapping):
        return True
    return None if is_required else False


def _required_members(documents: Projects) -> dict[str, bool | None]:
    """Projects that others take from the workspace, with whether they are to be editable, where it is said."""
    found: dict[str, bool | None] = {}
    for document in documents.values():
        for name, entry in table(uv_table(document), "sources").items():
            for one in tables_in(entry if isinstance(entry, list) else [entry]):
                if one.get("workspace") is True or "path" in one:
                    said = one.get("editable")
                    found[normalised(name)] = said if isinstance(said, bool) else found.get(normalised(name))
    return found


def _conflict_differences(documents: Projects, lock: Lock) -> Iterator[str]:
    locked = {frozenset(items) for items in lock.conflicts}
    declared = [found for name in sorted(documents) for found in _conflicts(name, documents[name])]
    for items in declared:
        if items not in locked:
            yield f"the conflict of {' and '.join(sorted(str(item) for item in items))} is new"
    for items in sorted(locked.difference(declared), key=lambda items: sorted(map(str, items))):
        if not any(_follows(items, one, documents) for one in declared):
            yield f"the conflict of {' and '.join(sorted(str(item) for item in items))} is not declared any more"


def _follows(items: frozenset[ConflictItem], declared: frozenset[ConflictItem], documents: Projects) -> bool:
    """Whether a resolver makes this of a declared conflict: who includes a group conflicts with what it does."""
    return len(items) == len(declared) and all(
        any(
            one == item
            or (
                one.package == item.package
                and item.group is not None
                and one.group in included_groups(documents.get(item.package, {}), item.group)
            )
            for one in declared
        )
        for item in items
    )


def _conflicts(name: str, document: Mapping[str, object]) -> Iterator[frozenset[ConflictItem]]:
    rows = uv_table(document).get("conflicts")
    for row in rows if isinstance(rows, list) else ():
        items = set()
        for item in tables_in(row):
            extra, group = item.get("extra"), item.get("group")
            items.add(
                ConflictItem(
                    normalised(str(item.get("package", name))),
                    extra=None if extra is None else normalised(str(extra)),
                    group=None if group is None else normalised(str(group)),
                )
            )
        if items:
            yield frozenset(items)


def _environment_differences(root: Mapping[str, object], lock: Lock) -> Iterator[str]:
    for key, markers in (("environments", lock.supported_markers), ("required-environments", lock.required_markers)):
        try:
            asked = [parse_marker(text) for text in _listed(uv_table(root).get(key))]
        except MarkerSyntaxError:
            return  # whoever makes the lock complains about it
        # Without any, all environments are supported, and none is required.
        everywhere = key == "environments"
        for one in sample_environments((*asked, *markers), lock.requires_python):
            wanted, locked = ((everywhere and not of) or any(map(one.satisfies, of)) for of in (asked, markers))
            if wanted != locked:
                yield f"`{key}` are declared otherwise than they are locked"
                break


def _option_differences(root: Mapping[str, object], lock: Lock) -> Iterator[str]:
    """What the file says itself; what it leaves out may be in the settings of whoever makes the lock."""
    for key, locked_key, usual in _OPTIONS:
        said, had = uv_table(root).get(key), lock.options.get(locked_key, usual)
        if isinstance(said, str) and isinstance(had, str) and _meant(said) != _meant(had):
            yield f"`{key}` is declared as `{said}` and was `{had}` when the lock was made"
    names = {package.name for package in lock.packages}
    newer, span = lock.options.get("exclude-newer"), lock.options.get("exclude-newer-span")
    yield from _moment_differences("`exclude-newer`", uv_table(root).get("exclude-newer"), span or newer)
    locked = {normalised(name): had for name, had in table(lock.options, "exclude-newer-package").items()}
    for name, said in sorted(table(uv_table(root), "exclude-newer-package").items()):
        if normalised(name) in names:
            yield from _moment_differences(f"`exclude-newer-package` of `{name}`", said, locked.get(normalised(name)))
    excluded = set(map(normalised, texts(uv_table(root).get("exclude-dependencies"))))
    left_out = set(map(normalised, texts(lock.declared.get("excludes"))))
    for name in sorted(((excluded - left_out) & names) | (left_out - excluded)):
        yield f"`{name}` is {'excluded now' if name in excluded else 'not excluded any more'}"


def _meant(mode: str) -> str:
    return _PRERELEASES.get(mode, mode)


def _moment_differences(what: str, said: object, had: object) -> Iterator[str]:
    """Of what is too new to be chosen. A later moment than when the lock was made excludes nothing that is in it."""
    if isinstance(had, Mapping):
        had = had.get("span", had.get("timestamp"))
    if not isinstance(said, str):
        return
    if had is None:
        yield f"{what} is declared as `{said}` and was not when the lock was made"
        return
    if not isinstance(had, str):
        return
    span, had_span = _span(said), _span(had)
    wanted, moment = _moment(said), _moment(had)
    if span is not None or had_span is not None:
        # Of two spans in forms that are not known here, whoever makes the lock knows.
        differs = span != had_span and (span is not None or wanted is not None)
    else:
        differs = wanted is not None and moment is not None and wanted < moment
    if differs:
        yield f"{what} is declared as `{said}` and was `{had}` when the lock was made"


def _span(text: str) -> str | None:
    """A duration in the form that locks have; None for what is none, or in words that are not known here."""
    if text.startswith("P"):
        return text
    found = _SPAN.fullmatch(text.strip())
    return None if found is None else _UNITS[found[2][0].lower()].format(int(found[1]))


def _moment(text: str) -> datetime | None:
    """Of a day, all of it counts, wherever on earth."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None  # whoever makes the lock complains about it
    if len(text) <= len("2026-01-01"):
        return datetime.max.replace(tzinfo=UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _set_for_all_differences(root: Mapping[str, object], lock: Lock) -> Iterator[str]:
    """Constraints and overrides; those of distributions that the lock does not have are nobody's business."""
    sources = Sources({}, root, members=frozenset(lock.members))
    names = {package.name for package in lock.packages}
    comparison = Comparison(lock.requires_python, lock.supported_markers)
    for key, locked_key, what in _SET_FOR_ALL:
        of_builds = locked_key == "build-constraints"
        try:
            asked: ByName = asked_for((("", text) for text in texts(uv_table(root).get(key))), sources)
            locked: ByName = locked_for(lock.declared.get(locked_key))
        except Unreadable:
            continue  # whoever makes the lock complains about it
        if of_builds:
            asked = {name: _from_anywhere(rows) for name, rows in asked.items()}
        for name in sorted(asked.keys() ^ locked.keys()):
            if name in locked:
                yield f"the {what} of `{name}` is locked and not declared any more"
            elif of_builds or name in names:
                yield f"the {what} of `{name}` is new"
        for name in sorted(asked.keys() & locked.keys()):
            if not comparison.same(asked[name], locked[name]):
                found = what_differs(asked[name], locked[name])
                if found is None:
                    yield f"the {what} of `{name}` has another marker than when the lock was made"
                else:
                    now, before = (text.removeprefix("as ") for text in found)
                    yield f"the {what} of `{name}` is {now} and was {before} when the lock was made"


def _from_anywhere(rows: object) -> list[Asked]:
    return [
        Asked(row.extras, row.clauses, ANYWHERE, row.marker)
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, Asked)
    ]


def _metadata_differences(root: Mapping[str, object], lock: Lock) -> Iterator[str]:
    """What the file says of the needs of distributions, in the place of their own metadata."""
    names = {package.name for package in lock.packages}
    said, had = (
        {(normalised(str(row.get("name"))), str(row.get("version", ""))): row for row in rows}
        for rows in (
            tables(uv_table(root), "dependency-metadata"),
            tables_in(lock.declared.get("dependency-metadata")),
        )
    )
    for name, version in sorted(said.keys() | had.keys()):
        shown = f"`{name}` {version}".rstrip()
        one, other = said.get((name, version)), had.get((name, version))
        if one is None:
            yield f"`dependency-metadata` of {shown} is locked and not declared any more"
        elif other is None:
            if name in names:
                yield f"`dependency-metadata` of {shown} is new"
        elif not _same_metadata(one, other, lock):
            yield f"`dependency-metadata` of {shown} is declared otherwise than it is locked"


def _same_metadata(one: Mapping[str, object], other: Mapping[str, object], lock: Lock) -> bool:
    extras, had = (
        set(map(normalised, texts(row.get("provides-extra", row.get("provides-extras"))))) for row in (one, other)
    )
    comparison = Comparison(lock.requires_python)
    try:
        asked, locked = (
            asked_for((("", text) for text in texts(row.get("requires-dist"))), NOWHERE) for row in (one, other)
        )
        pythons = [SpecifierSet(str(row.get("requires-python", ""))) for row in (one, other)]
    except (Unreadable, InvalidSpecifier):
        return True  # whoever makes the lock complains about it
    return (
        extras == had
        and pythons[0] == pythons[1]
        and asked.keys() == locked.keys()
        and all(comparison.same(asked[name], locked[name]) for name in asked)
    )


def _root_group_differences(root: Mapping[str, object], lock: Lock) -> Iterator[str]:
    """Of a file without a project, whose groups the lock has for the workspace."""
    asked = groups(root)
    if project_name(root) is not None or asked is None:
        return
    locked = {normalised(name): rows for name, rows in table(lock.declared, "dependency-groups").items()}
    sources = Sources(root, root, members=frozenset(lock.members))
    yield from group_differences(asked, locked, lock, sources, with_empty=False)


def _default_group_differences(documents: Projects, lock: Lock) -> Iterator[str]:
    if lock.revision < _TELLS_OF_DEFAULTS:
        return
    packages: dict[str, LockedPackage] = {package.name: package for package in lock.packages}
    for name in sorted(documents):
        had = packages[name].default_groups if name in packages else lock.declared.get("default-groups")
        said = uv_table(documents[name]).get("default-groups")
        if _default_groups(said) != _default_groups(had):
            whose = f" of `{name}`" if name else ""
            yield f"`default-groups`{whose} are others than when the lock was made"


def _default_groups(said: object) -> frozenset[str]:
    if isinstance(said, str):
        return frozenset({said})
    return frozenset({"dev"} if said is None else map(normalised, texts(said)))


def _order_differences(documents: Projects, lock: Lock, root: Mapping[str, object]) -> Iterator[str]:
    """What is in another order than when the lock was made, or said more often."""
    declaring = [rows for name in sorted(documents) if (rows := [*_conflicts(name, documents[name])])]
    for declared in declaring if len(declaring) == 1 else ():
        locked = [found for items in lock.conflicts if (found := frozenset(items)) in declared]
        if locked != declared and set(locked) == set(declared):
            yield "`conflicts` are in another order than when the lock was made"
    try:
        asked = [parse_marker(text) for text in _listed(uv_table(root).get("environments"))]
    except MarkerSyntaxError:
        return  # whoever makes the lock complains about it
    environments = sample_environments((*asked, *lock.supported_markers), lock.requires_python)
    wanted, had = (
        [[one.satisfies(marker) for one in environments] for marker in markers]
        for markers in (asked, lock.supported_markers)
    )
    if wanted != had and sorted(wanted) == sorted(had):
        yield "`environments` are in another order than when the lock was made"


def _index_differences(documents: Projects, lock: Lock, root: Mapping[str, object]) -> Iterator[str]:
    """Indexes that the lock is from and no file names, where one names the index of everything."""
    rows = [row for document in documents.values() for row in tables(uv_table(document), "index")]
    if not any(row.get("default") is True for row in tables(uv_table(root), "index")):
        return
    settings = uv_table(root)
    known = [*(row.get("url") for row in rows), settings.get("index-url"), *texts(settings.get("extra-index-url"))]
    known += [row.get("index") for package in lock.packages for row in _declared_rows(package)]
    addresses = {index_address(text) for text in (*known, *texts(settings.get("find-links"))) if isinstance(text, str)}
    if None in addresses:
        return
    locations = {package.source.location for package in lock.packages if isinstance(package.source, RegistrySource)}
    for location in sorted(locations):
        if (address := index_address(location)) is not None and address not in addresses:
            yield f"`{location}`, which distributions are locked from, is no index of the workspace any more"


def _declared_rows(package: LockedPackage) -> list[Mapping[str, object]]:
    declared = package.declared or {}
    groups_of = table(declared, "requires-dev").values()
    return [*tables_in(declared.get("requires-dist")), *(row for rows in groups_of for row in tables_in(rows))]


def _undeclared_options(root: Mapping[str, object], lock: Lock) -> Iterator[str]:
    """What may have been in the settings of whoever made the lock."""
    for key, locked_key, usual in _OPTIONS:
        had = lock.options.get(locked_key, usual)
        if isinstance(had, str) and key not in uv_table(root) and _meant(had) != usual:
            yield f"`{key}` was `{had}` when the lock was made, and is not declared"
    had = lock.options.get("exclude-newer-span", lock.options.get("exclude-newer"))
    if isinstance(had, str) and "exclude-newer" not in uv_table(root):
        yield f"`exclude-newer` was `{had}` when the lock was made, and is not declared"
    said = set(map(normalised, table(uv_table(root), "exclude-newer-package")))
    for name in sorted(set(map(normalised, table(lock.options, "exclude-newer-package"))) - said):
        yield f"`exclude-newer-package` had `{name}` when the lock was made, which is not declared"


def _listed(said: object) -> list[str]:
    return [said] if isinstance(said, str) else texts(said)
