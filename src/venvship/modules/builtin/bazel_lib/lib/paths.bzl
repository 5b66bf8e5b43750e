"""Paths of files, seen from elsewhere."""

load("@bazel_skylib//lib:paths.bzl", _paths = "paths")

BASH_RLOCATION_FUNCTION = r"""
# Finds files by their runfiles paths.
rlocation() {
  local directory="${RUNFILES_DIR:-${TEST_SRCDIR:-$0.runfiles}}"
  [[ "$1" == /* ]] && echo "$1" || echo "$directory/$1"
}
"""

def relative_file(to_file, frm_file):
    """The path of `to_file` relative to the directory of `frm_file`."""
    to_parts = _paths.normalize(to_file).split("/")
    from_parts = _paths.normalize(frm_file).split("/")[:-1]
    if to_parts[0] == ".." and (not from_parts or from_parts[0] != ".."):
        fail("traversing parent directories (with '..') found in to_file {} but not frm_file {}".format(to_file, frm_file))
    shared = 0
    for position in range(min(len(from_parts), len(to_parts) - 1)):
        if from_parts[position] != to_parts[position]:
            break
        shared = position + 1
    return "/".join([".."] * (len(from_parts) - shared) + to_parts[shared:])

def to_output_relative_path(file):
    """The path of a file relative to the output directory; sources are above it."""
    if file.is_source:
        return "../../../" + file.path
    return file.path.removeprefix(file.root.path + "/")

def to_repository_relative_path(file):
    """The path of a file in its repository."""
    if file.short_path.startswith("../"):
        return file.short_path.split("/", 2)[2]
    return file.short_path

to_workspace_path = to_repository_relative_path

def to_rlocation_path(ctx, file):
    """The path of a file in the runfiles directory."""
    if file.short_path.startswith("../"):
        return file.short_path[3:]
    return ctx.workspace_name + "/" + file.short_path

to_manifest_path = to_rlocation_path
