"""Copies of directories."""

load(
    "@bazel_skylib//rules:copy_directory.bzl",
    _copy_directory = "copy_directory",
    _copy_directory_action = "copy_directory_action",
)

COPY_DIRECTORY_TOOLCHAINS = []

def copy_directory_bin_action(ctx, src, dst, **kwargs):
    """Copies the directory `src` to the declared directory `dst`."""
    _copy_directory_action(ctx, src, dst)

def copy_directory(name, src, out, hardlink = "auto", verbose = False, preserve_mtime = False, **kwargs):
    """Copies the directory `src` to the directory `out`."""
    _copy_directory(name = name, src = src, out = out, **kwargs)
