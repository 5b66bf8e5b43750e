def _r(ctx):
    return [OutputGroupInfo(b = depset(), a = [])]

r = rule(_r)

def _show(ctx):
    print([n for n in ctx.attr.dep[OutputGroupInfo] if not n.startswith("_")])

show = rule(_show, attrs = {"dep": attr.label()})
