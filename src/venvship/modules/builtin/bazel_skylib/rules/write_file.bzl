"""A file with a text that the BUILD file gives."""

def _write_file(ctx):
    newline = "\r\n" if ctx.attr.newline == "windows" else "\n"
    ctx.actions.write(
        output = ctx.outputs.out,
        content = newline.join(ctx.attr.content) if ctx.attr.content else "",
        is_executable = ctx.attr.is_executable,
    )
    files = depset([ctx.outputs.out])
    return [DefaultInfo(
        executable = ctx.outputs.out if ctx.attr.is_executable else None,
        files = files,
        runfiles = ctx.runfiles(files = [ctx.outputs.out]),
    )]

_ATTRIBUTES = {
    "content": attr.string_list(),
    "is_executable": attr.bool(),
    "newline": attr.string(default = "auto", values = ["auto", "unix", "windows"]),
    "out": attr.output(mandatory = True),
}

_file = rule(implementation = _write_file, attrs = _ATTRIBUTES, provides = [DefaultInfo])
_program = rule(implementation = _write_file, attrs = _ATTRIBUTES, provides = [DefaultInfo], executable = True)

def write_file(name, out, content = [], is_executable = False, newline = "auto", **kwargs):
    """Writes the lines of `content`, with line ends between them."""
    (_program if is_executable else _file)(
        name = name,
        content = content,
        is_executable = is_executable,
        newline = newline or "auto",
        out = out,
        **kwargs
    )
