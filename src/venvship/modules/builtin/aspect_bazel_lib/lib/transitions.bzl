"""Targets built for another platform."""

load(
    "@bazel_lib//lib:transitions.bzl",
    _platform_transition_filegroup = "platform_transition_filegroup",
    _platform_transition_binary = "platform_transition_binary",
    _platform_transition_test = "platform_transition_test",
)

platform_transition_filegroup = _platform_transition_filegroup
platform_transition_binary = _platform_transition_binary
platform_transition_test = _platform_transition_test
