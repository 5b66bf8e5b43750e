"""Contents and arguments that are computed when their action is looked at, because they name files of directories."""

from __future__ import annotations

from venvship.model.action import ExpandedCommand, FilesIn, Spawn, WriteFile


def content_of(action: WriteFile, files_in: FilesIn) -> bytes:
    """The bytes that `action` writes; the directories they speak of exist."""
    return action.content if isinstance(action.content, bytes) else action.content.expand(files_in)


def command_of(action: Spawn, files_in: FilesIn) -> ExpandedCommand:
    """The arguments that `action` runs with, and the parameter files that must lie beside its inputs."""
    return ExpandedCommand(action.argv) if isinstance(action.argv, tuple) else action.argv.expand(files_in)
