def _none(ctx):
    return []

none = rule(_none, executable = True)

def _foreign(ctx):
    return [DefaultInfo(executable = ctx.file.src)]

foreign = rule(_foreign, executable = True, attrs = {"src": attr.label(allow_single_file = True)})

def _not_executable(ctx):
    f = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(f, "")
    return [DefaultInfo(executable = f)]

not_executable = rule(_not_executable)
some_test = rule(_none, test = True)

def _user(ctx):
    return []

user = rule(_user, attrs = {"tool": attr.label(executable = True, cfg = "host")})
