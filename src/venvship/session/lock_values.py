"""What hubs give to targets: what a record says of it, and which distributions are others than it says."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from venvship.execution.unresumable import Unresumable
from venvship.loading.bzl_loader import BzlKey
from venvship.loading.package_loader import PackageKey
from venvship.memo.computation import Memo
from venvship.memo.keys import FileContent
from venvship.model.platform import Cpu, Libc, Os, Platform
from venvship.rules.python.distributions import package_name
from venvship.session.lock_record import LockRecord
from venvship.session.locked_project import Circumstances, LockedProject
from venvship.session.wheel_hub import LockHub
from venvship.wheels.lock import EditableSource, VirtualSource
from venvship.wheels.resolution import NoMatchingWheel, Resolution


def lock_record(hubs: Mapping[str, LockHub], memo: Memo, looked_at: Container[str]) -> LockRecord:
    """What was asked of hubs; `looked_at` are files that repository rules and extensions read."""
    record = LockRecord(built=any(hub.has_built for hub in hubs.values()))
    for key in memo.readers():
        if isinstance(key, BzlKey) and key.label.repository in hubs:
            name = key.label.repository
            record.files[name] = _files(hubs[name])
        elif isinstance(key, PackageKey) and key.package.repository in hubs:
            package = key.package
            record.packages[(package.repository, package.path)] = _package(hubs, package.repository, package.path)
    observed = {key.path for key, _ in memo.observations() if isinstance(key, FileContent)}
    for path, place, project in _projects(hubs):
        if project.sha256 is None:
            continue
        if path in looked_at or path in observed:
            record.unlike.append(path)
        resolved = {_plain(one): _digests(project, one) for one in project.circumstances}
        record.locks.setdefault(path, {})[place] = (_frame(hubs[place[0]], project), resolved)
    return record


def distributions_concerned(
    record: LockRecord, changed: Container[str], hubs: Mapping[str, LockHub]
) -> set[tuple[str, str]]:
    """The distributions that are not what they were, by hub and package; raises Unresumable, and what is wrong."""
    found: set[tuple[str, str]] = set()
    for path, rows in record.locks.items():
        if path not in changed:
            continue
        now = {key: project for one, key, project in _projects(hubs) if one == path}
        if now.keys() != rows.keys():
            raise Unresumable(path)
        for key, (frame, resolved) in rows.items():
            if _frame(hubs[key[0]], now[key]) != frame:
                raise Unresumable(path)
            for circumstances, old in resolved.items():
                new = _digests(now[key], _circumstances(circumstances))
                names = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
                found.update((key[0], package_name(name) if name else "") for name in names)
    found.update(key for key, digest in record.packages.items() if _package(hubs, *key) != digest)
    for hub, digest in record.files.items():
        if _files(hubs[hub]) != digest:
            raise Unresumable(hub)
    return found


def packages_of_members(hub: LockHub, directories: Container[str]) -> Iterator[str]:
    """The packages of a hub that stand for projects of the workspace in some directories."""
    for project in hub.locks.projects:
        for name, directory in project.members.items():
            if directory in directories:
                yield package_name(name)


def packages_of(names: Iterable[str], hubs: Iterable[str]) -> set[tuple[str, str]]:
    """Distributions by hub and package."""
    return {(hub, package_name(name)) for hub in hubs for name in names}


def _projects(hubs: Mapping[str, LockHub]) -> Iterator[tuple[str, tuple[str, int], LockedProject]]:
    for name, hub in hubs.items():
        for number, project in enumerate(hub.locks.projects):
            yield str(project.path), (name, number), project


def _frame(hub: LockHub, project: LockedProject) -> str:
    """Of what targets and packages may ask a lock beside its distributions."""
    lock = project.lock
    own = [one for one in lock.packages if isinstance(one.source, EditableSource | VirtualSource)]
    groups = sorted(
        (one.name, group, [edge.name for edge in edges])
        for one in lock.packages
        for group, edges in one.dev_dependencies.items()
    )
    return _digest(
        (
            lock.flat,
            sorted(project.groups),
            sorted(project.members.items()),
            sorted((one.name, one.version or "", repr(one.source)) for one in own),
            groups,
            # Where several locks have a distribution, something must choose.
            sorted(lock.by_name) if len(hub.locks.projects) > 1 else (),
        )
    )


def _digests(project: LockedProject, circumstances: Circumstances) -> dict[str, str]:
    """What each distribution is in a resolution; those that are needed elsewhere only are nothing there."""
    resolution, components = project.resolved(circumstances)
    direct = sorted(
        name
        for name, node in resolution.distributions.items()
        if any(not one.name or one.name in project.members for one in node.required_by)
    )
    found = dict.fromkeys(project.reachable(circumstances[2]), "")
    found[""] = _digest((direct, sorted(resolution.groups.items())))
    for name, node in resolution.distributions.items():
        found[name] = _digest((node.version, node.source, _file(resolution, name), components[name]))
    return found


def _file(resolution: Resolution, name: str) -> object:
    try:
        return resolution.wheel_of(name)
    except NoMatchingWheel:
        return resolution.packages[name].wheels


def _package(hubs: Mapping[str, LockHub], hub: str, path: str) -> str:
    return _digest(hubs[hub].packages.package(path))


def _files(hub: LockHub) -> str:
    return _digest([hub.packages.source(path) for path in hub.packages.source_paths()])


def _plain(circumstances: Circumstances) -> tuple[Any, ...]:
    platform, version, group = circumstances
    return (platform.os.value, platform.cpu.value, platform.libc.value, platform.libc_version, version, group)


def _circumstances(plain: Iterable[Any]) -> Circumstances:
    os, cpu, libc, libc_version, version, group = plain
    return (Platform(Os(os), Cpu(cpu), Libc(libc), libc_version), version, group)


def _digest(parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
