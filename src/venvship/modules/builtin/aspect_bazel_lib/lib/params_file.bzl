"""Arguments in a file."""

load(
    "@bazel_lib//lib:params_file.bzl",
    _params_file = "params_file",
)

params_file = _params_file
