def _leaf(ctx):
    o = ctx.actions.declare_file(ctx.label.name + ".out")
    ctx.actions.write(o, "")
    return [DefaultInfo(files = depset([o]), runfiles = ctx.runfiles(files = ctx.files.data))]

leaf = rule(_leaf, attrs = {"data": attr.label_list(allow_files = True)})

def _show(ctx):
    r = ctx.runfiles(files = [], transitive_files = depset(), symlinks = {"a/b.txt": ctx.files._f[0]}, root_symlinks = {"root.txt": ctx.files._f[0]})
    for d in ctx.attr.deps:
        r = r.merge(d[DefaultInfo].default_runfiles)
    print(sorted([f.short_path for f in r.files.to_list()]), [(s.path, s.target_file.basename) for s in r.symlinks.to_list()], [s.path for s in r.root_symlinks.to_list()], r.empty_filenames.to_list(), type(r))
    e = ctx.runfiles()
    print(e.files.to_list(), e.symlinks.to_list(), [f.short_path for f in ctx.attr.deps[0].files.to_list()], ctx.attr.deps[0][DefaultInfo].data_runfiles.files.to_list() == ctx.attr.deps[0][DefaultInfo].default_runfiles.files.to_list())
    return [DefaultInfo(runfiles = r)]

show = rule(_show, attrs = {"deps": attr.label_list(), "_f": attr.label_list(default = ["//runfiles_merging:1.txt"], allow_files = True)})
