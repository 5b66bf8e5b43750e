"""A copy of a directory."""

def copy_directory_action(ctx, src, dst):
    """Copies the directory `src` to the declared directory `dst`."""
    ctx.actions.run_shell(
        inputs = [src],
        outputs = [dst],
        command = "cp -RfL \"$1/.\" \"$2\"",
        arguments = [src.path, dst.path],
        mnemonic = "CopyDirectory",
        progress_message = "Copying directory %{input}",
    )

def _copy_directory(ctx):
    dst = ctx.actions.declare_directory(ctx.attr.out)
    copy_directory_action(ctx, ctx.file.src, dst)
    return [DefaultInfo(files = depset([dst]), runfiles = ctx.runfiles(files = [dst]))]

_directory = rule(
    implementation = _copy_directory,
    attrs = {
        "out": attr.string(mandatory = True),
        "src": attr.label(mandatory = True, allow_single_file = True),
    },
    provides = [DefaultInfo],
)

def copy_directory(name, src, out, **kwargs):
    """Copies the directory `src` to the directory `out`."""
    _directory(name = name, src = src, out = out, **kwargs)
