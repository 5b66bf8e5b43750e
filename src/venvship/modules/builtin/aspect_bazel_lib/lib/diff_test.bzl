"""A test that two files or directories are equal."""

load(
    "@bazel_lib//lib:diff_test.bzl",
    _diff_test = "diff_test",
)

diff_test = _diff_test
