def _show(ctx):
    print(ctx.attr.text)

show = rule(_show, attrs = {"text": attr.string()})
