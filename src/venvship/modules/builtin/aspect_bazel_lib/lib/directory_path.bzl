"""A path in a directory that a target makes."""

load(
    "@bazel_lib//lib:directory_path.bzl",
    _DirectoryPathInfo = "DirectoryPathInfo",
    _directory_path = "directory_path",
    _make_directory_path = "make_directory_path",
)

DirectoryPathInfo = _DirectoryPathInfo
directory_path = _directory_path
make_directory_path = _make_directory_path
