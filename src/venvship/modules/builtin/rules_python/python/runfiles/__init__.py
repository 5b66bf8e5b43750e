"""Finds the files that a program carries along."""

from .runfiles import (  # noqa: TID252  # the package is called differently in each program's import roots
    Create,
    CreateDirectoryBased,
    CreateManifestBased,
    CreateOrRaise,
    Path,
    Runfiles,
)

__all__ = [
    "Create",
    "CreateDirectoryBased",
    "CreateManifestBased",
    "CreateOrRaise",
    "Path",
    "Runfiles",
]
