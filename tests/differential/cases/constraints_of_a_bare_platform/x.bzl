def _show(ctx):
    print(ctx.label.name, ctx.attr.text)

show = rule(_show, attrs = {"text": attr.string()})
