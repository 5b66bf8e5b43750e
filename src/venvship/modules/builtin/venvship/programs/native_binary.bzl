"""Programs that are files, as programs that are targets."""

def _native(ctx):
    name = ctx.attr.out or ctx.label.name
    out = ctx.actions.declare_file(name)
    ctx.actions.symlink(output = out, target_file = ctx.executable.src, is_executable = True)
    runfiles = ctx.runfiles(files = ctx.files.data + [out])
    runfiles = runfiles.merge_all([one[DefaultInfo].default_runfiles for one in ctx.attr.data + [ctx.attr.src]])
    env = {key: ctx.expand_location(value, ctx.attr.data) for key, value in ctx.attr.env.items()}
    return [
        DefaultInfo(executable = out, files = depset([out]), runfiles = runfiles),
        RunEnvironmentInfo(environment = env),
    ]

_ATTRIBUTES = {
    "data": attr.label_list(allow_files = True),
    "env": attr.string_dict(),
    "out": attr.string(),
    "src": attr.label(executable = True, allow_files = True, mandatory = True, cfg = "target"),
}

native_binary = rule(implementation = _native, attrs = _ATTRIBUTES, executable = True)
native_test = rule(implementation = _native, attrs = _ATTRIBUTES, test = True)
