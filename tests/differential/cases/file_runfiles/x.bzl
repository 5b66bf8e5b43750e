def _made(ctx):
    own = ctx.actions.declare_file(ctx.label.name + ".own")
    ctx.actions.write(own, "")
    ctx.actions.write(ctx.outputs.beside, "")
    return [DefaultInfo(files = depset([own]), runfiles = ctx.runfiles([ctx.outputs.beside]))]

made = rule(_made, attrs = {"beside": attr.output()})

def _names(runfiles):
    return sorted([f.basename for f in runfiles.files.to_list()])

def _show(ctx):
    for d in ctx.attr.deps:
        info = d[DefaultInfo]
        print(d.label.name, _names(info.default_runfiles), _names(info.data_runfiles), info.files_to_run.executable, d.files_to_run.executable, OutputGroupInfo in d)
    print(_names(ctx.runfiles(collect_data = True)), _names(ctx.runfiles(collect_default = True)))

_files = attr.label_list(allow_files = True)
show = rule(_show, attrs = {"deps": _files, "srcs": _files, "data": _files})
