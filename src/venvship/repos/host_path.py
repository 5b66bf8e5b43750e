"""`path` values of repository rules and module extensions."""

from __future__ import annotations

import os
from collections.abc import Callable

from venvship.repos.external_store import Input
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, register
from venvship.starlark.printer import Printer
from venvship.starlark.values import List

_WATCH = ("auto", "yes", "no")
_MOST_ENTRIES = 1_000_000


class HostPath:
    """An absolute path of this machine; `note` is told what is read there."""

    __slots__ = ("note", "path")

    def __init__(self, path: str, note: Callable[[Input], None]) -> None:
        self.path = path
        self.note = note

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HostPath) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)


def check_watch(watch: str) -> None:
    if watch not in _WATCH:
        raise EvaluationError(f"bad value for 'watch' parameter: '{watch}', want one of 'auto', 'yes' and 'no'")


def _dirname(value: HostPath) -> HostPath | None:
    return None if value.path == "/" else HostPath(os.path.dirname(value.path), value.note)


def _realpath(value: HostPath) -> HostPath:
    return HostPath(os.path.realpath(value.path), value.note)


def _get_child(value: HostPath, /, *relative_paths: str) -> HostPath:
    return HostPath(
        os.path.normpath(os.path.join(value.path, *(one.lstrip("/") for one in relative_paths))), value.note
    )


def _readdir(value: HostPath, watch: str = "auto") -> List:
    check_watch(watch)
    if watch != "no":
        value.note(("directory", value.path))
    try:
        names = sorted(os.listdir(value.path))
    except OSError as error:
        raise EvaluationError(f"can't list `{value.path}`: {error.strerror}") from error
    if len(names) > _MOST_ENTRIES:
        raise EvaluationError(f"`{value.path}` has too many entries")
    return List([HostPath(os.path.join(value.path, name), value.note) for name in names])


def _write(value: HostPath, printer: Printer) -> None:
    printer.write(value.path)


register(
    HostPath,
    HostType(
        name="path",
        fields={
            "basename": lambda value: os.path.basename(value.path),
            "dirname": _dirname,
            "exists": lambda value: os.path.exists(value.path),
            "is_dir": lambda value: os.path.isdir(value.path),
            "realpath": _realpath,
        },
        methods={"get_child": _get_child, "readdir": _readdir},
        less=lambda left, right: left.path < right.path,
        hashable=True,
        repr=_write,
        str=_write,
    ),
)
