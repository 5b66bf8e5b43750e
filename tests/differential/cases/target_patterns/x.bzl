def _show(ctx):
    print(ctx.label.package, ctx.label.name)

show = rule(_show)
