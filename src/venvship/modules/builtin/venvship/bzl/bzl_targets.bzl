"""Targets of the `.bzl` files of a package, which a `bzl_library` of a workspace names in `deps`."""

def bzl_targets(suffix = ""):
    """Export the `.bzl` files, and give each a target with its name and a suffix where there is none of that name."""
    files = native.glob(["*.bzl"])
    native.exports_files(files, visibility = ["//visibility:public"])
    for file in files:
        name = file[:-len(".bzl")] + suffix
        if native.existing_rule(name) == None:
            native.filegroup(
                name = name,
                srcs = [file],
                visibility = ["//visibility:public"],
            )
