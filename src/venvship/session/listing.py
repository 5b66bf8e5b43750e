"""The entries of a directory, as loading saw them and as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from venvship.loading.files import DirectoryEntry
from venvship.loading.globs import is_convenience_link
from venvship.memo.keys import DirectoryEntries

Entry: TypeAlias = tuple[str, str, bool]
"""An entry of a directory: its name, what it is, and whether it is a link."""


def without_links(entries: Iterable[DirectoryEntry]) -> list[Entry]:
    """What loading sees: not the links that a build leaves in the root."""
    return [(entry.name, entry.kind.value, entry.is_link) for entry in entries if not is_convenience_link(entry)]


def fingerprint(path: str, entries: Iterable[DirectoryEntry]) -> str:
    return DirectoryEntries(path).fingerprint(tuple((name, kind.value, is_link) for name, kind, is_link in entries))


def is_same(path: str, entries: Sequence[DirectoryEntry], known: str | None) -> bool:
    """Whether the entries are those of a fingerprint; the first build may have made the links, or may not."""
    return known in (fingerprint(path, entries), DirectoryEntries(path).fingerprint(tuple(without_links(entries))))
