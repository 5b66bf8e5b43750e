"""Groups of `.bzl` files."""

StarlarkLibraryInfo = provider(
    doc = "`.bzl` files and those that they load.",
    fields = {"srcs": "files of the target", "transitive_srcs": "depset of all files"},
)

def _bzl_library(ctx):
    files = [file for file in ctx.files.srcs]
    deps = [dep[StarlarkLibraryInfo].transitive_srcs for dep in ctx.attr.deps if StarlarkLibraryInfo in dep]
    all_files = depset(files, order = "postorder", transitive = deps)
    return [
        DefaultInfo(files = all_files, runfiles = ctx.runfiles(transitive_files = all_files)),
        StarlarkLibraryInfo(srcs = files, transitive_srcs = all_files),
    ]

bzl_library = rule(
    implementation = _bzl_library,
    attrs = {
        "deps": attr.label_list(allow_files = [".bzl", ".scl"]),
        "srcs": attr.label_list(allow_files = [".bzl", ".scl"]),
    },
)
