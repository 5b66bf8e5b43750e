"""Copies of files."""

load("@bazel_skylib//rules:copy_file.bzl", _copy_file = "copy_file")

COPY_FILE_TOOLCHAINS = []

def copy_file_action(ctx, src, dst, dir_path = None, **kwargs):
    """Copies the file `src`, or a file in the directory `src`, to `dst`."""
    path = src.path + "/" + dir_path if dir_path else src.path
    ctx.actions.run_shell(
        inputs = [src],
        outputs = [dst],
        command = "cp -f \"$1\" \"$2\"",
        arguments = [path, dst.path],
        mnemonic = "CopyFile",
        progress_message = "Copying file %{input}",
    )

copy_file = _copy_file
