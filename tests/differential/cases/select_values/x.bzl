def _show(ctx):
    print(ctx.attr.list, ctx.attr.text, ctx.attr.number, ctx.attr.flag, ctx.attr.dicts)

show = rule(_show, attrs = {
    "dicts": attr.string_dict(),
    "flag": attr.bool(),
    "list": attr.string_list(),
    "number": attr.int(),
    "text": attr.string(default = "attribute default"),
})
