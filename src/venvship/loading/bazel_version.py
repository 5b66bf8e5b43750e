"""The version of Bazel whose behaviour files may expect."""

from __future__ import annotations

BAZEL_VERSION = "8.4.0"
"""What `native.bazel_version` says; files use it to choose between spellings of the same thing."""
