def _show(ctx):
    for d in ctx.attr.deps:
        info = d[DefaultInfo]
        print(d.label.name, [f.short_path for f in info.files.to_list()], sorted([f.short_path for f in info.default_runfiles.files.to_list()]), sorted([f.short_path for f in info.data_runfiles.files.to_list()]), info.files_to_run.executable)

show = rule(_show, attrs = {"deps": attr.label_list()})
