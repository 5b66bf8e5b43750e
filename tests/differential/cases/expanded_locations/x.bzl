def _r(ctx):
    expanded = ctx.expand_location(ctx.attr.text, targets = ctx.attr.data)
    print([p.split("/bin/")[-1] for p in expanded.split(" ")], ctx.expand_location("plain", []))
    print(ctx.expand_make_variables("text", "$(A) $$ $(COMPILATION_MODE)", {"A": "a"}))

r = rule(_r, attrs = {"data": attr.label_list(allow_files = True), "text": attr.string()})
