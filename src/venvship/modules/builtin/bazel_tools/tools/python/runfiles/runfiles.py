"""The library that finds runfiles, under the name that it had first."""

from python.runfiles import (  # type: ignore[import-not-found]  # a program has it among its import roots
    Create,
    CreateDirectoryBased,
    CreateManifestBased,
    Runfiles,
)

__all__ = ["Create", "CreateDirectoryBased", "CreateManifestBased", "Runfiles"]
