def _show(ctx):
    print(ctx.label.name)

show = rule(_show)
