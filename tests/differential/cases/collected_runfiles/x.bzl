def _leaf(ctx):
    return [DefaultInfo(files = depset(ctx.files.files), runfiles = ctx.runfiles(files = ctx.files.files))]

leaf = rule(_leaf, attrs = {"files": attr.label_list(allow_files = True)})

def _paths(r):
    return sorted([f.basename for f in r.files.to_list()])

def _show(ctx):
    print(_paths(ctx.runfiles(collect_default = True)), _paths(ctx.runfiles(collect_data = True)), _paths(ctx.runfiles(files = ctx.files.srcs, collect_default = True)))

show = rule(_show, attrs = {"data": attr.label_list(allow_files = True), "deps": attr.label_list(), "srcs": attr.label_list(allow_files = True)})
