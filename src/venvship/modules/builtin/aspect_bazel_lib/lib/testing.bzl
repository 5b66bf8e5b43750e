"""Tests of what targets make."""

load(
    "@bazel_lib//lib:testing.bzl",
    _assert_contains = "assert_contains",
    _assert_archive_contains = "assert_archive_contains",
    _assert_outputs = "assert_outputs",
    _assert_json_matches = "assert_json_matches",
)

assert_contains = _assert_contains
assert_archive_contains = _assert_archive_contains
assert_outputs = _assert_outputs
assert_json_matches = _assert_json_matches
