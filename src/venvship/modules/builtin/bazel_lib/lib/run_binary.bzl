"""Runs a program that makes files or directories."""

load(":expand_make_vars.bzl", "expand_locations", "expand_variables")
load(":stamping.bzl", "STAMP_ATTRS", "maybe_stamp")

def _run_binary(ctx):
    if not ctx.outputs.outs and not ctx.attr.out_dirs:
        fail("one or both of 'outs' or 'out_dirs' must be given")
    outputs = ctx.outputs.outs + [ctx.actions.declare_directory(name) for name in ctx.attr.out_dirs]
    targets = ctx.attr.srcs + ([ctx.attr.tool] if ctx.attr.tool else [])
    arguments = ctx.actions.args()
    for one in ctx.attr.args:
        text = expand_variables(ctx, expand_locations(ctx, one, targets), outs = outputs, attribute_name = "args")
        arguments.add_all(text.split(" ") if " " not in one and " " in text else [text])
    env = {
        key: expand_variables(ctx, expand_locations(ctx, value, targets), outs = outputs, attribute_name = "env")
        for key, value in ctx.attr.env.items()
    }
    stamp = maybe_stamp(ctx)
    status = [stamp.stable_status_file, stamp.volatile_status_file] if stamp else []
    if stamp:
        env["BAZEL_STABLE_STATUS_FILE"] = stamp.stable_status_file.path
        env["BAZEL_VOLATILE_STATUS_FILE"] = stamp.volatile_status_file.path
    ctx.actions.run(
        outputs = outputs,
        inputs = ctx.files.srcs + status,
        tools = [ctx.attr.tool.files_to_run],
        executable = ctx.attr.tool.files_to_run,
        arguments = [arguments],
        mnemonic = ctx.attr.mnemonic or "RunBinary",
        progress_message = ctx.attr.progress_message or None,
        execution_requirements = ctx.attr.execution_requirements or None,
        use_default_shell_env = ctx.attr.use_default_shell_env,
        env = env,
    )
    return DefaultInfo(files = depset(outputs), runfiles = ctx.runfiles(files = outputs))

_rule = rule(
    implementation = _run_binary,
    attrs = {
        "args": attr.string_list(),
        "env": attr.string_dict(),
        "execution_requirements": attr.string_dict(),
        "mnemonic": attr.string(),
        "out_dirs": attr.string_list(),
        "outs": attr.output_list(),
        "progress_message": attr.string(),
        "resource_set": attr.string(default = "default"),
        "srcs": attr.label_list(allow_files = True),
        "tool": attr.label(executable = True, allow_files = True, mandatory = True, cfg = "exec"),
        "use_default_shell_env": attr.bool(default = False),
    } | STAMP_ATTRS,
)

def run_binary(name, tool, srcs = [], args = [], env = {}, outs = [], out_dirs = [], mnemonic = "RunBinary", progress_message = None, execution_requirements = None, use_default_shell_env = False, stamp = 0, **kwargs):
    """Runs `tool` with `args`, which may hold locations and Make variables."""
    _rule(
        name = name,
        args = args,
        env = env,
        execution_requirements = execution_requirements or {},
        mnemonic = mnemonic,
        out_dirs = out_dirs,
        outs = outs,
        progress_message = progress_message or "",
        srcs = srcs,
        stamp = stamp,
        tool = tool,
        use_default_shell_env = use_default_shell_env,
        **kwargs
    )
