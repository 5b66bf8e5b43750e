"""Copies of files."""

load(
    "@bazel_lib//lib:copy_file.bzl",
    _COPY_FILE_TOOLCHAINS = "COPY_FILE_TOOLCHAINS",
    _copy_file_action = "copy_file_action",
    _copy_file = "copy_file",
)

COPY_FILE_TOOLCHAINS = _COPY_FILE_TOOLCHAINS
copy_file_action = _copy_file_action
copy_file = _copy_file
