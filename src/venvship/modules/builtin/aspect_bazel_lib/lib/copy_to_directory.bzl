"""Files of many places in one directory."""

load(
    "@bazel_lib//lib:copy_to_directory.bzl",
    _COPY_TO_DIRECTORY_TOOLCHAINS = "COPY_TO_DIRECTORY_TOOLCHAINS",
    _copy_to_directory_bin_action = "copy_to_directory_bin_action",
    _copy_to_directory = "copy_to_directory",
)

COPY_TO_DIRECTORY_TOOLCHAINS = _COPY_TO_DIRECTORY_TOOLCHAINS
copy_to_directory_bin_action = _copy_to_directory_bin_action
copy_to_directory = _copy_to_directory
