def _show(ctx):
    a = ctx.attr
    print(a.name, a.texts, a.ints, [one.label.name for one in a.labels], a.lists, a.tags)

show = rule(_show, attrs = {
    "ints": attr.int_list(),
    "labels": attr.label_list(allow_files = True),
    "lists": attr.string_list_dict(),
    "texts": attr.string_list(),
})
