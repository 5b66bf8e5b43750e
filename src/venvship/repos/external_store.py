"""Where external repositories are kept between commands, and when they are made anew.

A repository appears whole: it is made beside its place and renamed. A marker next to it holds the key of what was
made and everything that was read on the way; it counts until either changes. What was read is looked at through the
memo, so that whatever a build depends on is known in one place.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import field
from pathlib import Path
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import VenvshipError
from venvship.host.files import disk_problems, remove, replace, temporary_name, write_atomically
from venvship.loading.disk_files import DiskFiles
from venvship.loading.files import EntryKind, RecordedFiles
from venvship.memo.computation import Memo
from venvship.memo.keys import EnvironmentVariable

_FORMAT = 1
_MOST_INPUTS = 1_000_000
_TREE_ENTRIES = 200_000

Input: TypeAlias = tuple[str, str]
"""What was read: `file`, `directory`, `tree` or `variable`, and its path or name."""


class Observer:
    """Looks at files and variables of this machine, and lets the memo know."""

    def __init__(self, memo: Memo, environment: dict[str, str]) -> None:
        self.files = RecordedFiles(DiskFiles(), memo)
        self._memo = memo
        self.environment = environment
        self.looked_at: set[str] = set()
        """The paths of files and directories."""

    def variable(self, name: str) -> str | None:
        return self._memo.compute(EnvironmentVariable(name), lambda: self.environment.get(name))

    def state(self, one: Input) -> str:
        """A text that changes when what was read does."""
        kind, name = one
        if kind != "variable":
            self.looked_at.add(name)
        match kind:
            case "variable":
                value = self.variable(name)
                return "unset" if value is None else f"={value}"
            case "file":
                data = self.files.read(name)
                return self.files.kind(name).value if data is None else hashlib.sha256(data).hexdigest()
            case "directory":
                return _digest(f"{entry.name}\0{entry.kind.value}" for entry in self.files.list_directory(name))
            case _:
                return self._tree(name)

    def _tree(self, root: str) -> str:
        found: list[str] = []
        waiting = [root]
        while waiting and len(found) < _TREE_ENTRIES:
            directory = waiting.pop()
            self.looked_at.add(directory)
            for entry in self.files.list_directory(directory):
                path = f"{directory}/{entry.name}"
                if entry.kind is EntryKind.DIRECTORY and not entry.is_link:
                    waiting.append(path)
                found.append(f"{path}\0{self.state(('file', path)) if entry.kind is EntryKind.FILE else entry.kind}")
        return _digest(found)


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(slots=True)
class Making:
    """A repository while it is made, in `directory`; `inputs` and `keep` are for whoever makes it to fill in."""

    directory: Path
    inputs: dict[Input, None] = field(default_factory=dict)
    keep: bool = True
    """Whether the result serves later commands."""


class ExternalStore:
    """The external repositories of one workspace.

    `before_making` is called before anything is written, and may wait for another command that writes here.
    """

    def __init__(
        self, directory: Path, observer: Observer, *, before_making: Callable[[], None] = lambda: None
    ) -> None:
        self._directory = directory
        self._observer = observer
        self._before_making = before_making

    def path_of(self, name: str) -> Path:
        return self._directory / name

    def obtain(self, name: str, key: str, make: Callable[[Making], None]) -> Path:
        """The directory of a repository, made by `make` unless what is there still counts.

        `key` names everything that decides about the content apart from what is read on the way.
        """
        place = self.path_of(name)
        marker = self._directory / "@markers" / f"{name}.json"
        hashed = hashlib.sha256(f"{_FORMAT}\0{key}".encode("utf-8", "surrogateescape")).hexdigest()
        if os.path.isdir(place) and self._still_holds(marker, hashed):
            return _real(place)
        self._before_making()
        if os.path.isdir(place) and self._still_holds(marker, hashed):
            return _real(place)  # made by the command that we waited for
        trash = self._directory / "@tmp"
        with disk_problems(self._directory):
            marker.parent.mkdir(parents=True, exist_ok=True)
            trash.mkdir(parents=True, exist_ok=True)
            # Without the marker, what is at the place counts for nothing.
            marker.unlink(missing_ok=True)
            empty = temporary_name(trash)
            os.mkdir(empty)
            replace(empty, place, trash=trash)
        # In its place from the beginning: programs write paths of their repository into its files.
        making = Making(place)
        try:
            make(making)
            if making.keep and len(making.inputs) <= _MOST_INPUTS:
                states = [[*one, self._observer.state(one)] for one in making.inputs]
                write_atomically(marker, json.dumps({"key": hashed, "inputs": states}).encode())
        except BaseException:
            remove(place)
            raise
        return _real(place)

    def recall(self, name: str, key: str) -> str | None:
        """What was remembered, unless the key or what was read has changed."""
        return self._held(self._directory / "@extensions" / f"{name}.json", key)

    def remember(self, name: str, key: str, inputs: Iterable[Input], text: str) -> None:
        """Keep a text that was computed from what `inputs` name."""
        states = [[*one, self._observer.state(one)] for one in inputs]
        path = self._directory / "@extensions" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"key": key, "inputs": states, "text": text}).encode())

    def facts(self, name: str) -> str | None:
        """What was kept for the next time, whatever has changed since."""
        try:
            return self._facts_of(name).read_text()
        except (OSError, UnicodeDecodeError):
            return None

    def keep_facts(self, name: str, text: str) -> None:
        path = self._facts_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())

    def _facts_of(self, name: str) -> Path:
        return self._directory / "@facts" / f"{name}.json"

    def _still_holds(self, marker: Path, key: str) -> bool:
        return self._held(marker, key) is not None

    def _held(self, marker: Path, key: str) -> str | None:
        try:
            document = json.loads(marker.read_bytes())
            inputs = [((str(kind), str(name)), str(state)) for kind, name, state in document["inputs"]]
            known, text = document["key"], str(document.get("text", ""))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if known != key:
            return None
        try:
            return text if all(self._observer.state(one) == state for one, state in inputs) else None
        except VenvshipError:
            return None


def _real(place: Path) -> Path:
    # A repository may be a link to a directory of the user; its sources are then there.
    return Path(os.path.realpath(place)) if place.is_symlink() else place
