def _visit(target, ctx):
    print(target.label.name, ctx.attr.how, ctx.attr._hidden, ctx.rule.kind)
    return []

visit = aspect(_visit, attr_aspects = ["*"], attrs = {"how": attr.string(values = ["short", "long"]), "_hidden": attr.string(default = "h")})

def _nothing(ctx):
    return []

lib = rule(_nothing, attrs = {"deps": attr.label_list(), "how": attr.string(default = "short"), "one": attr.label()})
top = rule(_nothing, attrs = {"deps": attr.label_list(aspects = [visit]), "how": attr.string(default = "long", values = ["short", "long"])})
