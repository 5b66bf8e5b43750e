def _r(ctx):
    for dep in ctx.attr.deps:
        print(dep.label.name, dir(dep), hasattr(dep, "actions"), hasattr(dep, "output_groups"))
    return []

r = rule(_r, attrs = {"deps": attr.label_list(allow_files = True)})
