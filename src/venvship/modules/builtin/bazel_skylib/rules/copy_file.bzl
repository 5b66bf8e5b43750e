"""A copy of one file."""

def _copy_file(ctx):
    src = ctx.file.src
    out = ctx.outputs.out
    if ctx.attr.allow_symlink:
        ctx.actions.symlink(output = out, target_file = src, is_executable = ctx.attr.is_executable)
    else:
        ctx.actions.run_shell(
            inputs = [src],
            outputs = [out],
            command = "cp -f \"$1\" \"$2\"",
            arguments = [src.path, out.path],
            mnemonic = "CopyFile",
            progress_message = "Copying files",
        )
    return [DefaultInfo(
        executable = out if ctx.attr.is_executable else None,
        files = depset([out]),
        runfiles = ctx.runfiles(files = [out]),
    )]

_ATTRIBUTES = {
    "allow_symlink": attr.bool(),
    "is_executable": attr.bool(),
    "out": attr.output(mandatory = True),
    "src": attr.label(mandatory = True, allow_single_file = True),
}

_file = rule(implementation = _copy_file, attrs = _ATTRIBUTES, provides = [DefaultInfo])
_program = rule(implementation = _copy_file, attrs = _ATTRIBUTES, provides = [DefaultInfo], executable = True)

def copy_file(name, src, out, is_directory = False, is_executable = False, allow_symlink = False, **kwargs):
    """Copies `src` to `out`, or links it there with `allow_symlink`."""
    if is_directory:
        fail("copy_file: is_directory is no more, use copy_directory")
    (_program if is_executable else _file)(
        name = name,
        allow_symlink = allow_symlink,
        is_executable = is_executable,
        out = out,
        src = src,
        **kwargs
    )
