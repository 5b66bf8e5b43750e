"""Whether a lock still says what the `pyproject.toml` of a project asks for.

A lock repeats the requirements of each local project (`package.metadata`), so that a changed file can be noticed
without resolving anything. Writers may leave them out; then nothing is known, and nothing is complained about. What is
compared is what requirements come to in many environments: their spelling in the lock is the resolver's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.version import InvalidVersion, Version

from venvship.wheels.asked import (
    Asked,
    ByName,
    Comparison,
    Sources,
    Unreadable,
    asked_for,
    flattened,
    locked_for,
    what_differs,
)
from venvship.wheels.lock import DirectorySource, EditableSource, Lock, LockedPackage, VirtualSource
from venvship.wheels.pyproject import dynamic_fields, groups, normalised, project_name, requirements, table, texts

# Since then, locks tell of the extras of projects, and of groups and extras with nothing in them.
_TELLS_OF_EXTRAS = 1


def differences(
    pyproject: Mapping[str, object], package: LockedPackage, lock: Lock, *, root: Mapping[str, object] | None = None
) -> tuple[str, ...]:
    """What the file asks for and the lock does not, and the other way round, one sentence each.

    `root` is the file beside the lock, whose sources hold for all members of the workspace.
    """
    name = project_name(pyproject)
    if package.declared is None or not isinstance(pyproject.get("project"), Mapping):
        return ()
    found: list[str] = []
    if name is not None and name != package.name:
        found.append(f"the project is called `{name}` and was `{package.name}` when the lock was made")
    is_member = package.name in lock.members
    sources = Sources(
        pyproject,
        (root or {}) if is_member else {},
        package.source.path if isinstance(package.source, EditableSource | VirtualSource | DirectorySource) else ".",
        frozenset(lock.members) if is_member else frozenset(),
    )
    if not dynamic_fields(pyproject) & {"dependencies", "optional-dependencies"}:
        found += _requirement_differences(pyproject, package, lock, package.declared, sources)
    found += _group_differences(pyproject, lock, package.declared, sources)
    return tuple(found)


def version_difference(pyproject: Mapping[str, object], package: LockedPackage) -> str | None:
    """How the version of a project is another one than in its lock, which nothing that is chosen depends on."""
    text = table(pyproject, "project").get("version")
    if not isinstance(text, str) and "version" not in dynamic_fields(pyproject):
        return None
    asked = _version(text) if isinstance(text, str) else None
    if asked == _version(package.version) or (isinstance(text, str) and asked is None):
        return None
    now, before = text if isinstance(text, str) else "dynamic", package.version or "dynamic"
    return f"the version of `{package.name}` is {now} and was {before} when the lock was made"


def _requirement_differences(
    pyproject: Mapping[str, object],
    package: LockedPackage,
    lock: Lock,
    metadata: Mapping[str, object],
    sources: Sources,
) -> Iterator[str]:
    by_extra = requirements(pyproject)
    try:
        asked = asked_for(((extra, text) for extra, rows in by_extra.items() for text in rows), sources)
        locked = locked_for(metadata.get("requires-dist"))
    except Unreadable:
        return  # whoever makes the lock complains about it
    found = [*row_differences(asked, locked, lock)]
    if found and package.name not in locked and (package.version is None or dynamic_fields(pyproject)):
        # Some build backends spell out what the extras of a project ask of itself.
        found = [*row_differences(flattened(asked, package.name), locked, lock)]
    yield from found
    if lock.revision >= _TELLS_OF_EXTRAS:
        extras = by_extra.keys() - {""}
        had = set(map(normalised, texts(metadata.get("provides-extras"))))
        yield from (f"extra `{extra}` is new" for extra in sorted(extras - had))
        yield from (f"extra `{extra}` is locked and not there any more" for extra in sorted(had - extras))


def _group_differences(
    pyproject: Mapping[str, object], lock: Lock, metadata: Mapping[str, object], sources: Sources
) -> Iterator[str]:
    asked = groups(pyproject)
    if asked is None:
        return  # whoever makes the lock complains about it
    locked = {normalised(name): rows for name, rows in table(metadata, "requires-dev").items()}
    yield from group_differences(asked, locked, lock, sources, with_empty=lock.revision >= _TELLS_OF_EXTRAS)


def group_differences(
    asked: Mapping[str, list[tuple[str, str]]],
    locked: Mapping[str, object],
    lock: Lock,
    sources: Sources,
    *,
    with_empty: bool,
) -> Iterator[str]:
    """How dependency groups differ; `with_empty` ones the lock tells of those that ask for nothing, too."""
    for name in sorted(asked.keys() & locked.keys()):
        try:
            rows = asked_group(asked[name], sources, name)
            had = locked_for(locked[name])
        except Unreadable:
            continue  # whoever makes the lock complains about it
        yield from row_differences(rows, had, lock, where=f" in group `{name}`")
    yield from (f"group `{name}` is new" for name in sorted(asked.keys() - locked.keys()) if asked[name] or with_empty)
    for name in sorted(locked.keys() - asked.keys()):
        if locked[name] or with_empty:
            yield f"group `{name}` is locked and not there any more"


def asked_group(rows: list[tuple[str, str]], sources: Sources, group: str) -> ByName:
    """What a group asks for, with the versions of Python beside each requirement. Raises Unreadable."""
    found: dict[str, list[Asked]] = {}
    for text, python in rows:
        for name, more in asked_for([("", text)], sources, group=group, python=python).items():
            found.setdefault(name, []).extend(more)
    return found


def row_differences(asked: ByName, locked: ByName, lock: Lock, *, where: str = "") -> Iterator[str]:
    """How requirements differ from those of a lock; `where` says whose they are."""
    comparison = Comparison(lock.requires_python, lock.supported_markers)
    for name in sorted(asked.keys() - locked.keys()):
        yield f"`{name}` is asked for{where} and not locked"
    for name in sorted(locked.keys() - asked.keys()):
        yield f"`{name}` is locked{where} and not asked for any more"
    for name in sorted(asked.keys() & locked.keys()):
        if comparison.same(asked[name], locked[name]):
            continue
        found = what_differs(asked[name], locked[name])
        if found is None:
            yield f"`{name}` is asked for{where} with another marker than it is locked with"
        else:
            yield f"`{name}` is asked for{where} {found[0]} and locked {found[1]}"


def _version(text: str | None) -> Version | None:
    try:
        return None if text is None else Version(text)
    except InvalidVersion:
        return None  # whoever makes the lock complains about it
