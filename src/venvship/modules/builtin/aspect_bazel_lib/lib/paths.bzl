"""Paths of files, seen from elsewhere."""

load(
    "@bazel_lib//lib:paths.bzl",
    _BASH_RLOCATION_FUNCTION = "BASH_RLOCATION_FUNCTION",
    _relative_file = "relative_file",
    _to_output_relative_path = "to_output_relative_path",
    _to_repository_relative_path = "to_repository_relative_path",
    _to_workspace_path = "to_workspace_path",
    _to_rlocation_path = "to_rlocation_path",
    _to_manifest_path = "to_manifest_path",
)

BASH_RLOCATION_FUNCTION = _BASH_RLOCATION_FUNCTION
relative_file = _relative_file
to_output_relative_path = _to_output_relative_path
to_repository_relative_path = _to_repository_relative_path
to_workspace_path = _to_workspace_path
to_rlocation_path = _to_rlocation_path
to_manifest_path = _to_manifest_path
