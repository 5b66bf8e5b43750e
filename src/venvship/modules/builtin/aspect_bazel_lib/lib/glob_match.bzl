"""Paths against patterns with `*`, `**` and `?`."""

load(
    "@bazel_lib//lib:glob_match.bzl",
    _is_glob = "is_glob",
    _glob_match = "glob_match",
)

is_glob = _is_glob
glob_match = _glob_match
