A = provider()

def _impl(ctx):
    k = ctx.attr.kind
    if k == "single":
        return DefaultInfo()
    if k == "none":
        return None
    if k == "empty":
        return []
    if k == "list":
        return [A(x = 1)]
    print([(d.label.name, A in d, DefaultInfo in d) for d in ctx.attr.deps])
    return []

r = rule(_impl, attrs = {"deps": attr.label_list(), "kind": attr.string()})
