"""What a target with given roots, Python and platform would get from a lock file, without a workspace around it."""

from __future__ import annotations

import os
import posixpath
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, assert_never

import tomli

from venvship.dataclass import dataclass
from venvship.errors import Place, SeveralErrors, UserError
from venvship.loading.nearest import did_you_mean
from venvship.model.platform import PythonVersion
from venvship.repos.index_settings import ConfigurationPlaces, read_index_settings
from venvship.repos.lock_files import read_lock
from venvship.repos.lock_indexes import LockIndexes, expanded, of_lock
from venvship.repos.package_index import Indexes, PackageIndex
from venvship.repos.urls import shown_url
from venvship.wheels.filename import normalise_name
from venvship.wheels.formats import formats_of_uv
from venvship.wheels.lock import (
    DirectorySource,
    EditableSource,
    GitSource,
    Lock,
    LockedSdist,
    LockedWheel,
    PathSource,
    RegistrySource,
    Source,
    UrlSource,
    VirtualSource,
)
from venvship.wheels.markers import MarkerEnvironment
from venvship.wheels.resolution import NoMatchingWheel, Requirer, Resolution, Root, Roots, UnknownRoot, resolve
from venvship.wheels.tags import supported_tags
from venvship.wheels.targets import parse_target_platform

_PROJECT: Final = "pyproject.toml"


class UnclearTarget(UserError):
    """A Python version or a platform that cannot be understood."""


class RootNeeded(UserError):
    """A lock of several projects, and none was chosen."""

    def __init__(self, lock: Lock) -> None:
        super().__init__(
            "the lock file has several projects",
            place=Place(lock.filename),
            hint=f"choose one with `--root`: {', '.join(f'`{member}`' for member in lock.members)}",
        )


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a lock: a project with extras and groups, on a platform with a Python."""

    root: str = ""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    python: str = "3.12.0"
    platform: str = "linux-x86_64"


@dataclass(frozen=True, slots=True, order=True)
class Locked:
    """One distribution that a target gets. `file` is the wheel or the sdist; source trees have none."""

    name: str
    version: str | None
    source: str
    file: str | None


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """An edge that led to a distribution; an empty `requirer` stands for the lock file itself."""

    requirer: str
    extra: str | None
    group: str | None
    name: str

    def __str__(self) -> str:
        requirer = Requirer(self.requirer, self.extra, self.group)
        return f"{requirer if self.requirer or self.group else 'the lock file'} -> {self.name}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The distributions by name, without the project that was asked for, which is the `root`."""

    distributions: tuple[Locked, ...]
    resolution: Resolution
    root: str | None

    def why(self, name: str) -> tuple[Reason, ...]:
        """All edges on ways from the root to `name`, those near the root first."""
        wanted = _project_name(name)
        self.resolution.distribution(wanted)
        found: list[Reason] = []
        seen = {wanted}
        pending = deque([wanted])
        while pending:
            current = pending.popleft()
            for requirer in self.resolution.distributions[current].required_by:
                if requirer.name or requirer.group is not None or current != self.root:
                    found.append(Reason(requirer.name, requirer.extra, requirer.group, current))
                # A group hangs on a root, whose own dependants did not lead here.
                if requirer.name and requirer.group is None and requirer.name not in seen:
                    seen.add(requirer.name)
                    pending.append(requirer.name)
        return tuple(reversed(found))


def _project(lock: Path) -> Mapping[str, object]:
    """The project beside a lock; nothing where there is none, or one that uv complains of."""
    try:
        return tomli.loads((lock.parent / _PROJECT).read_bytes().decode())
    except (OSError, ValueError, RecursionError):
        return {}


def show_lock(path: Path, question: Question) -> Answer:
    """Answer a question about the lock file at `path`; raises everything that keeps files from being chosen at once."""
    said = of_lock(path, os.environ)
    lock = read_lock(
        path, shown=str(path), index=lambda: _configured_index(said), expand=lambda text: expanded(text, os.environ)
    )
    if path.name == "uv.lock":
        lock = replace(lock, formats=formats_of_uv(_project(path), shown=_PROJECT))
    root, roots = _roots(lock, question)
    full_version = question.python.removesuffix("t")
    if full_version.count(".") == 1:
        full_version += ".0"
    try:
        platform = parse_target_platform(question.platform)
        python = PythonVersion.parse(question.python)
        environment = MarkerEnvironment.of(platform, full_version)
    except ValueError as error:
        raise UnclearTarget(str(error), hint="write for example `--python 3.12.4 --platform linux-x86_64`") from None
    resolution = resolve(lock, roots=roots, environment=environment, tags=supported_tags(platform, python))
    found: list[Locked] = []
    refused: list[NoMatchingWheel] = []
    for name, node in resolution.distributions.items():
        if name == root:
            continue
        try:
            chosen = resolution.wheel_of(name)
        except NoMatchingWheel as error:
            refused.append(error)
            continue
        file = str(chosen.filename) if isinstance(chosen, LockedWheel | LockedSdist) else None
        found.append(Locked(name, node.version, source_text(node.source), file))
    if refused:
        raise refused[0] if len(refused) == 1 else SeveralErrors(refused)
    return Answer(tuple(found), resolution, root)


def _configured_index(said: LockIndexes) -> PackageIndex:
    """The index that pip and uv would ask, for locks that name no files; `said` is what the lock itself has of it."""
    places = ConfigurationPlaces.of_machine(os.environ, home=Path.home(), prefix=Path(sys.prefix))
    return Indexes(read_index_settings(os.environ, places), of_locks=lambda: [said]).of_lock(said.origin)


def _roots(lock: Lock, question: Question) -> tuple[str | None, Roots]:
    """The project that is asked for, which its own answer does not hold, and where the walk starts."""
    extras = tuple(_project_name(extra) for extra in question.extras)
    groups = tuple(_project_name(group) for group in question.groups)
    if not question.root and not lock.members:
        return None, Roots((), script=True, script_groups=groups, script_extras=extras)
    if not question.root and len(lock.members) != 1:
        raise RootNeeded(lock)
    root = _project_name(question.root) if question.root else lock.members[0]
    if root not in lock.members:
        hint = did_you_mean(root, lock.members) if lock.members else "it is of no project: leave `--root` out"
        error = UnknownRoot(lock.filename, f"project `{root}`", lock.members)
        error.hint = hint or error.hint
        raise error
    return root, Roots((Root(root, extras, groups),))


def _project_name(text: str) -> str:
    try:
        return normalise_name(text)
    except ValueError as error:
        raise UserError(str(error)) from None


def source_text(source: Source) -> str:
    """Where a distribution comes from, as it may be shown."""
    match source:
        case RegistrySource(location):
            return shown_url(location) if "://" in location else location
        case GitSource(url, commit, subdirectory, path):
            below = f"#path={path}" if path else f"#subdirectory={subdirectory}" if subdirectory else ""
            return f"git+{shown_url(url)}@{commit}{below}"
        case UrlSource(url, subdirectory):
            below = f"#subdirectory={subdirectory}" if subdirectory else ""
            return f"{shown_url(url)}{below}"
        case PathSource(path) | DirectorySource(path):
            return posixpath.normpath(path)
        case EditableSource(path):
            return f"editable {posixpath.normpath(path)}"
        case VirtualSource(path):
            return f"virtual {posixpath.normpath(path)}"
        case _:
            assert_never(source)


def as_json(distributions: Iterable[Locked]) -> list[Mapping[str, str | None]]:
    """The distributions as a document for programs."""
    return [{"name": one.name, "version": one.version, "source": one.source, "file": one.file} for one in distributions]
