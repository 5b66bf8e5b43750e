"""Runs a program that makes files."""

def _run_binary(ctx):
    if not ctx.outputs.outs:
        fail("outs must have at least one output", attr = "outs")
    targets = ctx.attr.srcs + [ctx.attr.tool]
    arguments = ctx.actions.args()
    for argument in ctx.attr.args:
        arguments.add(ctx.expand_location(argument, targets))
    ctx.actions.run(
        outputs = ctx.outputs.outs,
        inputs = ctx.files.srcs,
        tools = [ctx.attr.tool.files_to_run],
        executable = ctx.attr.tool.files_to_run,
        arguments = [arguments],
        mnemonic = "RunBinary",
        use_default_shell_env = False,
        env = {key: ctx.expand_location(value, targets) for key, value in ctx.attr.env.items()},
    )
    return DefaultInfo(files = depset(ctx.outputs.outs), runfiles = ctx.runfiles(files = ctx.outputs.outs))

run_binary = rule(
    implementation = _run_binary,
    attrs = {
        "args": attr.string_list(),
        "env": attr.string_dict(),
        "outs": attr.output_list(mandatory = True),
        "srcs": attr.label_list(allow_files = True),
        "tool": attr.label(executable = True, allow_files = True, mandatory = True, cfg = "exec"),
    },
)
