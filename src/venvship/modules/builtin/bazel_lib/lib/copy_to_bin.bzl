"""Copies of sources in the output tree, at their own paths."""

load(":copy_directory.bzl", "copy_directory_bin_action")
load(":copy_file.bzl", "copy_file_action")

COPY_FILE_TO_BIN_TOOLCHAINS = []

def copy_file_to_bin_action(ctx, file):
    """The file in the output tree; a source is copied there, at its path."""
    if not file.is_source:
        return file
    if ctx.label.repo_name != file.owner.repo_name:
        fail("{} is in another repository, so it can't be copied to bin".format(file.short_path))
    if ctx.label.package != file.owner.package:
        fail("{} is in another package, so it can't be copied to bin; use copy_to_bin in its own".format(file.short_path))
    path = file.short_path.removeprefix("../" + ctx.label.repo_name + "/")
    name = path.removeprefix(ctx.label.package + "/") if ctx.label.package else path
    if file.is_directory:
        dst = ctx.actions.declare_directory(name)
        copy_directory_bin_action(ctx, file, dst)
    else:
        dst = ctx.actions.declare_file(name)
        copy_file_action(ctx, file, dst)
    return dst

def copy_files_to_bin_actions(ctx, files):
    """`copy_file_to_bin_action` for each file."""
    return [copy_file_to_bin_action(ctx, file) for file in files]

def _copy_to_bin(ctx):
    files = depset(copy_files_to_bin_actions(ctx, ctx.files.srcs))
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

_rule = rule(
    implementation = _copy_to_bin,
    attrs = {"srcs": attr.label_list(mandatory = True, allow_files = True)},
    provides = [DefaultInfo],
)

def copy_to_bin(name, srcs, **kwargs):
    """Copies sources to the output tree."""
    _rule(name = name, srcs = srcs, **kwargs)
