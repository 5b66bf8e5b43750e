"""Arguments in a file."""

load(":expand_make_vars.bzl", "expand_locations", "expand_variables")

def _params_file(ctx):
    lines = [
        expand_variables(ctx, expand_locations(ctx, one, ctx.attr.data), outs = [ctx.outputs.out])
        for one in ctx.attr.args
    ]
    newline = "\r\n" if ctx.attr.newline == "windows" else "\n"
    ctx.actions.write(ctx.outputs.out, newline.join(lines))
    files = depset([ctx.outputs.out])
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(files = [ctx.outputs.out]))]

params_file = rule(
    implementation = _params_file,
    attrs = {
        "args": attr.string_list(),
        "data": attr.label_list(allow_files = True),
        "newline": attr.string(values = ["unix", "windows", "auto"], default = "auto"),
        "out": attr.output(mandatory = True),
    },
)
