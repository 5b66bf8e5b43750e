"""Generated files that are kept among the sources, and tests that they are up to date."""

load(
    "@bazel_lib//lib:write_source_files.bzl",
    _WriteSourceFileInfo = "WriteSourceFileInfo",
    _write_source_file = "write_source_file",
    _write_source_files = "write_source_files",
)

WriteSourceFileInfo = _WriteSourceFileInfo
write_source_file = _write_source_file
write_source_files = _write_source_files
