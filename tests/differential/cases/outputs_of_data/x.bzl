def _made(ctx):
    own = ctx.actions.declare_file(ctx.label.name + ".own")
    ctx.actions.write(own, "")
    return [DefaultInfo(files = depset([own]))]

made = rule(_made)

def _names(runfiles):
    return sorted([f.basename for f in runfiles.files.to_list()])

def _show(ctx):
    print([_names(d[DefaultInfo].default_runfiles) for d in ctx.attr.deps], _names(ctx.runfiles(collect_data = True)), _names(ctx.runfiles(collect_default = True)))

show = rule(_show, attrs = {"data": attr.label_list(), "deps": attr.label_list()})
