"""Runfiles as entries of an archive: what a program needs, at the places where it looks for it."""

from __future__ import annotations

from collections.abc import Container, Iterable

from venvship.archives.layer import (
    PLAIN,
    Attributes,
    LayerEntry,
    LayerFile,
    LayerLink,
    LayerLinkOf,
    LayerText,
    LayerTree,
)
from venvship.model.action import ForestFile, ForestLink
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.paths import TreePath, join
from venvship.model.runfiles import Runfiles


def artifact_entry(artifact: Artifact, at: str, *, origin: str = "", attributes: Attributes = PLAIN) -> LayerEntry:
    """The entry that `artifact` is: a file with its own execute bit, a tree, or a link as it is."""
    path = TreePath(at)
    match artifact.kind:
        case ArtifactKind.DIRECTORY:
            return LayerTree(path, artifact, origin=origin, attributes=attributes)
        case ArtifactKind.SYMLINK:
            return LayerLinkOf(path, artifact, origin=origin, attributes=attributes)
        case _:
            return LayerFile(path, artifact, None, origin=origin, attributes=attributes)


def runfiles_entries(
    runfiles: Runfiles, at: str, *, without: Container[Artifact] = (), origin: str = "", attributes: Attributes = PLAIN
) -> list[LayerEntry]:
    """Every path of the runfiles tree below `at`, sorted: files, links, root links and empty files alike."""
    entries: list[LayerEntry] = []
    for path, artifact in sorted(runfiles.entries().items()):
        place = join(at, path)
        if artifact is None:
            entries.append(LayerText(TreePath(place), b"", origin=origin, attributes=attributes))
        elif artifact not in without:
            entries.append(artifact_entry(artifact, place, origin=origin, attributes=attributes))
    return entries


def forest_entries(forest: Iterable[ForestLink | ForestFile], at: str, *, origin: str = "") -> list[LayerEntry]:
    """Links and small files that a plan made, below `at`: nothing is read to find the text of a link."""
    entries: list[LayerEntry] = []
    for entry in forest:
        place = TreePath(join(at, entry.artifact.runfiles_path))
        if isinstance(entry, ForestLink):
            entries.append(LayerLink(place, entry.text, origin=origin))
        else:
            entries.append(LayerText(place, entry.content, entry.executable, origin=origin))
    return entries
