A = provider(fields = ["x"])
B = provider()

def _impl(ctx):
    k = ctx.attr.kind
    if k == "twice":
        return [A(x = 1), A(x = 2)]
    if k == "not_list":
        return "text"
    if k == "not_provider":
        return [1]
    if k == "provider_itself":
        return [A]
    if k == "field":
        return [A(y = 1)]
    if k == "access":
        print(A(x = 1).y)
    if k == "unset":
        print(A().x)
    if k == "missing":
        print(ctx.attr.dep[B])
    if k == "index":
        print(ctx.attr.dep["B"])
    if k == "single":
        return A(x = 1)
    if k == "none":
        return None
    if k == "tuple":
        return (A(x = 1),)
    if k == "attr":
        print(ctx.attr.nope)
    return []

r = rule(_impl, attrs = {"dep": attr.label(), "kind": attr.string()})
wants = rule(_impl, attrs = {"dep": attr.label(providers = [B]), "kind": attr.string()})
promises = rule(_impl, attrs = {"kind": attr.string()}, provides = [A])
