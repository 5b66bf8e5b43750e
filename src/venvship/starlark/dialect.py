"""The kinds of files, which differ in the statements they allow."""

from __future__ import annotations

import enum


class Dialect(enum.Enum):
    """What a file may contain."""

    BUILD = "BUILD"  # calls, assignments, loads; names may be bound again
    BZL = ".bzl"  # functions; a global is bound once, loads come first
    MODULE = "MODULE.bazel"  # like BUILD, without loads
