def _i(ctx):
    pass

r = rule(_i, attrs = {"a-b": attr.string()})

X = 1
