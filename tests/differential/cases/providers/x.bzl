Info = provider(fields = {"names": "depset of names", "n": "a number"})
Free = provider()
Unset = provider(fields = ["x"])

def _src(ctx):
    names = depset([ctx.label.name], transitive = [d[Info].names for d in ctx.attr.deps])
    return [Info(names = names, n = 1 + len(ctx.attr.deps)), Free(anything = [1], goes = ctx.label.name)]

src = rule(_src, attrs = {"deps": attr.label_list(providers = [Info])}, provides = [Info])

def _show(ctx):
    d = ctx.attr.dep
    i = d[Info]
    print(i.names.to_list(), i.n, Info in d, Unset in d, d[Free].goes, hasattr(i, "n"), hasattr(i, "nope"), getattr(Unset(), "x", "none"), type(i), type(Info), i == i)
    print(Unset(x = 1), Free(b = 2, a = "z"), Unset(x = (1,)) == Unset(x = (1,)), Unset(x = 1) == Free(x = 1), [f for f in dir(i) if len(f) < 6], Free == Info, {Unset(x = 1): 2}[Unset(x = 1)])

show = rule(_show, attrs = {"dep": attr.label(providers = [[Info, Free], [Unset]])})
