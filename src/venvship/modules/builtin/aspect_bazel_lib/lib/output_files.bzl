"""Some of the outputs of a target."""

load(
    "@bazel_lib//lib:output_files.bzl",
    _output_files = "output_files",
    _make_output_files = "make_output_files",
)

output_files = _output_files
make_output_files = _make_output_files
