"""Repositories from directories of this machine."""

load(":utils.bzl", "workspace_and_buildfile")

def _directory(ctx):
    path = ctx.workspace_root.get_child(ctx.attr.path) if not ctx.attr.path.startswith("/") else ctx.path(ctx.attr.path)
    if not path.is_dir:
        fail("The repository's path is \"{}\", but it is no directory".format(ctx.attr.path))
    return path

def _local_repository(ctx):
    path = _directory(ctx)
    ctx.symlink(path, ".")

local_repository = repository_rule(
    implementation = _local_repository,
    attrs = {"path": attr.string(mandatory = True)},
    local = True,
)

_BUILD_FILES = ("BUILD", "BUILD.bazel", "MODULE.bazel", "REPO.bazel", "WORKSPACE", "WORKSPACE.bazel")

def _new_local_repository(ctx):
    if not ctx.attr.build_file and not ctx.attr.build_file_content:
        fail("exactly one of `build_file` and `build_file_content` must be specified")
    for child in _directory(ctx).readdir():
        if child.basename not in _BUILD_FILES:
            ctx.symlink(child, child.basename)
    workspace_and_buildfile(ctx)

new_local_repository = repository_rule(
    implementation = _new_local_repository,
    attrs = {
        "build_file": attr.label(allow_single_file = True),
        "build_file_content": attr.string(),
        "path": attr.string(mandatory = True),
        "workspace_file": attr.label(),
        "workspace_file_content": attr.string(),
    },
    local = True,
)
