def _none(ctx):
    return []

none = rule(_none)

def _show(ctx):
    print([OutputGroupInfo in d for d in ctx.attr.deps])

show = rule(_show, attrs = {"deps": attr.label_list()})
