def _program(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(out, "#!/bin/sh\necho %s $1 > $2\n" % ctx.attr.at, is_executable = True)
    return [DefaultInfo(executable = out)]

program = rule(_program, attrs = {"at": attr.string()}, executable = True)

def _made(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run(outputs = [out], executable = ctx.executable._program, arguments = [ctx.label.name, out.path])
    return [DefaultInfo(files = depset([out]))]

made = rule(_made, attrs = {
    "_program": attr.label(default = "//execution_platform_tools:program", cfg = "exec", executable = True),
})
