"""Copies of directories."""

load(
    "@bazel_lib//lib:copy_directory.bzl",
    _COPY_DIRECTORY_TOOLCHAINS = "COPY_DIRECTORY_TOOLCHAINS",
    _copy_directory_bin_action = "copy_directory_bin_action",
    _copy_directory = "copy_directory",
)

COPY_DIRECTORY_TOOLCHAINS = _COPY_DIRECTORY_TOOLCHAINS
copy_directory_bin_action = _copy_directory_bin_action
copy_directory = _copy_directory
