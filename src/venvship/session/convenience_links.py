"""The links in the root of the workspace that lead to what was built."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from venvship.events.build_events import EventSink, Message, Severity

NO_LINKS = "/"
"""The `--symlink_prefix` that asks for none."""


class ConvenienceLinks:
    """Links called `prefix` and a name, made once in a command.

    `targets` is where each of them leads, the most specific directory first.
    """

    def __init__(self, root: Path, prefix: str, targets: Mapping[str, Path], events: EventSink) -> None:
        self._root = root
        self._prefix = prefix
        self._targets = targets
        self._events = events
        self._made: dict[str, str] | None = None

    def make(self) -> None:
        """Make the links; those that can't be are warned of, once."""
        if self._made is None:
            self._made = dict(self._make()) if self._prefix != NO_LINKS else {}

    def shown(self, path: str) -> str:
        """A host path as the user reaches it: through a link where there is one, relative to the workspace."""
        self.make()
        for directory, link in (self._made or {}).items():
            if path.startswith(f"{directory}/"):
                return f"{link}{path[len(directory) :]}"
        return path

    def _make(self) -> Iterator[tuple[str, str]]:
        for name, target in self._targets.items():
            link = self._root / f"{self._prefix}{name}"
            try:
                _lead(link, str(target))
            except OSError as error:
                text = f"can't make the convenience link `{link}`: {error.strerror}"
                self._events.emit(Message(Severity.WARNING, text))
            else:
                yield str(target), f"{self._prefix}{name}"


def _lead(link: Path, target: str) -> None:
    if link.is_symlink():
        if os.readlink(link) == target:
            return
        link.unlink()
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
