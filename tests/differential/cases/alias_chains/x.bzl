def _show(ctx):
    print([d.label.name for d in ctx.attr.deps], [f.short_path for f in ctx.files.deps])

show = rule(_show, attrs = {"deps": attr.label_list(allow_files = True)})
