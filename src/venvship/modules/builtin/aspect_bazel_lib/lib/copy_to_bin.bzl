"""Copies of sources in the output tree, at their own paths."""

load(
    "@bazel_lib//lib:copy_to_bin.bzl",
    _COPY_FILE_TO_BIN_TOOLCHAINS = "COPY_FILE_TO_BIN_TOOLCHAINS",
    _copy_file_to_bin_action = "copy_file_to_bin_action",
    _copy_files_to_bin_actions = "copy_files_to_bin_actions",
    _copy_to_bin = "copy_to_bin",
)

COPY_FILE_TO_BIN_TOOLCHAINS = _COPY_FILE_TO_BIN_TOOLCHAINS
copy_file_to_bin_action = _copy_file_to_bin_action
copy_files_to_bin_actions = _copy_files_to_bin_actions
copy_to_bin = _copy_to_bin
