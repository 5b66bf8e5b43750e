"""Makes and checks the locks of Debian packages that MODULE.bazel asks for with `debian.packages`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from venvship.dataclass import dataclass
from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.host.files import write_atomically
from venvship.loading.attribute_values import LabelReader
from venvship.loading.bzl_loader import BzlLoader
from venvship.loading.module_extension import ModuleExtension
from venvship.loading.named_values import read_values, shown_value
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.modules.module_file import Tag
from venvship.modules.module_graph import ModuleGraph
from venvship.repos.debian_archive import Signers
from venvship.repos.debian_lock import (
    DEFAULT_EXCLUDED,
    DEFAULT_PACKAGES,
    DebianLock,
    DebianRequest,
    UnreadableLock,
    changed_versions,
    decode_lock,
    encode_lock,
    make_lock,
    python_packages,
)
from venvship.repos.debian_mirrors import DebianMirrors, checked_mirror
from venvship.session.lock_making import MadeLock

_FILE: Final = Label(PackageId("venvship", "debian"), "extensions.bzl")
_EXTENSION: Final = "debian"
_ARCHITECTURES: Final = ("amd64", "arm64")
_PYTHON: Final = re.compile(r"3\.[0-9]{1,3}\Z")


class StaleDebianLock(UserError):
    """A lock holds other packages than MODULE.bazel asks for."""

    def __init__(self, shown: str, place: Place) -> None:
        super().__init__(
            f"`{shown}` does not hold what this tag asks for", place=place, hint="make it again with `venvship lock`"
        )


@dataclass(frozen=True, slots=True)
class _Wanted:
    path: Path
    request: DebianRequest
    mirrors: tuple[str, ...]
    signers: Signers
    place: Place
    python: str = ""


@dataclass(frozen=True, slots=True)
class LockedPython:
    """The packages of a lock among which are those of a CPython, `3.X`."""

    version: str
    lock: DebianLock
    mirrors: tuple[str, ...]


def make_debian_locks(
    graph: ModuleGraph,
    bzl: Callable[[], BzlLoader],
    *,
    root: Path,
    mirrors: DebianMirrors,
    read: Callable[[str], bytes | None],
    now: datetime,
    check: bool = False,
    upgrade: bool = False,
    only: Callable[[Path], bool] = lambda path: True,
) -> tuple[MadeLock, ...]:
    """Bring each lock of the root module in line with its tag and with the archives, or only look at the tag.

    Raises everything that is wrong.
    """
    done: list[MadeLock] = []
    errors: list[VenvshipError] = []
    for wanted in _wanted(graph, bzl, root):
        if not only(wanted.path):
            continue
        shown = os.path.relpath(wanted.path, root)
        try:
            before = wanted.path.read_text() if wanted.path.is_file() else None
            present = _present(before, shown, needed=not upgrade)
            if check:
                if present is None or not _answers(present, wanted.request):
                    raise StaleDebianLock(shown, wanted.place)
                done.append(MadeLock(shown, changed=False))
                continue
            made = make_lock(
                wanted.request,
                wanted.mirrors or mirrors.addresses(),
                read,
                signers=wanted.signers,
                now=now,
                keep=None if upgrade else present,
            )
        except VenvshipError as error:
            error.place = error.place or wanted.place
            errors.append(error)
            continue
        text = encode_lock(made)
        if text != before:
            write_atomically(wanted.path, text.encode())
        done.append(MadeLock(shown, changed=text != before, notes=changed_versions(present, made)))
    if errors:
        raise errors[0] if len(errors) == 1 else SeveralErrors(errors)
    return tuple(done)


def locked_pythons(graph: ModuleGraph, bzl: Callable[[], BzlLoader], *, root: Path) -> tuple[LockedPython, ...]:
    """The CPythons that tags name; raises StaleDebianLock where a lock does not have one."""
    found = []
    for wanted in _wanted(graph, bzl, root):
        if wanted.python:
            shown = os.path.relpath(wanted.path, root)
            lock = _present(wanted.path.read_text() if wanted.path.is_file() else None, shown, needed=True)
            if lock is None or not _answers(lock, wanted.request):
                raise StaleDebianLock(shown, wanted.place)
            found.append(LockedPython(wanted.python, lock, wanted.mirrors))
    return tuple(found)


def _present(text: str | None, shown: str, *, needed: bool) -> DebianLock | None:
    """The lock that is there; one that can't be read counts as none where nothing of it is `needed`."""
    try:
        return decode_lock(text, shown) if text is not None else None
    except UnreadableLock:
        if needed:
            raise
        return None


def _answers(lock: DebianLock, request: DebianRequest) -> bool:
    def facts(one: DebianRequest) -> tuple[object, ...]:
        return one.suites, set(one.packages), one.architectures, one.component, set(one.excluded)

    return facts(lock.request) == facts(request)


def _wanted(graph: ModuleGraph, bzl: Callable[[], BzlLoader], root: Path) -> Sequence[_Wanted]:
    found = []
    for usage in graph.extension_usages:
        if usage.module == MAIN_REPOSITORY and (usage.label, usage.usage.name) == (_FILE.canonical, _EXTENSION):
            extension = bzl().load(_FILE).exports[_EXTENSION]
            assert isinstance(extension, ModuleExtension)
            found += [_read(tag, extension, graph, root) for tag in usage.usage.tags if tag.name == "packages"]
    return found


def _read(tag: Tag, extension: ModuleExtension, graph: ModuleGraph, root: Path) -> _Wanted:
    given = {name: shown_value(value) for name, value in tag.arguments.items()}
    labels = LabelReader(PackageId(MAIN_REPOSITORY, ""), graph.mapping_of(MAIN_REPOSITORY))
    values = read_values("tag `packages`", extension.tag_classes[tag.name].specs, given, labels, tag.place)

    def words(name: str, otherwise: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = values[name]
        return tuple(str(one) for one in value) if isinstance(value, tuple) and value else otherwise

    def path(name: str) -> Path | None:
        label = values[name]
        if label is None:
            return None
        if not isinstance(label, Label) or label.package.repository != MAIN_REPOSITORY:
            raise UserError(f"`{name}` must be a file of the workspace, and is `{label}`", place=tag.place)
        return root / label.package.path / label.name

    lock, keyring = path("lock"), path("keyring")
    assert lock is not None
    python = str(values["python_version"])
    if python and not _PYTHON.match(python):
        raise UserError(f"`python_version` must be a version such as `3.11`, and is `{python}`", place=tag.place)
    try:
        request = DebianRequest(
            words("suites"),
            (*words("packages", DEFAULT_PACKAGES), *(python_packages(python) if python else ())),
            words("architectures", _ARCHITECTURES),
            str(values["component"]),
            (*DEFAULT_EXCLUDED, *words("exclude")),
        )
        mirrors = tuple(checked_mirror(text) for text in words("mirrors"))
    except UserError as error:
        error.place = error.place or tag.place
        raise
    signers = Signers((keyring,) if keyring is not None else (), bool(values["trusted"]))
    return _Wanted(lock, request, mirrors, signers, tag.place, python)
