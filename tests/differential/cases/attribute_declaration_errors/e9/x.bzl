def _i(ctx):
    pass

r = rule(_i, attrs = {"name": attr.string()})

X = 1
