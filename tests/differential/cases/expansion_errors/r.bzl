def _r(ctx):
    if ctx.attr.make:
        ctx.expand_make_variables("text", ctx.attr.make, {})
    ctx.expand_location(ctx.attr.text, targets = ctx.attr.data)

r = rule(_r, attrs = {"data": attr.label_list(allow_files = True), "make": attr.string(), "text": attr.string()})
