Names = provider(fields = ["names"])

def _aspect(target, ctx):
    below = [d[Names].names for d in ctx.rule.attr.deps]
    print("visits", target.label.name, ctx.rule.kind, ctx.label.name, ctx.attr.depth, [d.label.name for d in ctx.rule.attr.deps])
    return [Names(names = depset([target.label.name], transitive = below))]

names = aspect(_aspect, attr_aspects = ["deps"], attrs = {"depth": attr.string(values = ["deep", "flat"])})

def _lib(ctx):
    return []

lib = rule(_lib, attrs = {"deps": attr.label_list(), "other": attr.label()})

def _top(ctx):
    print(ctx.attr.deps[0][Names].names.to_list())

top = rule(_top, attrs = {"depth": attr.string(values = ["deep", "flat"], default = "flat"), "deps": attr.label_list(aspects = [names])})
