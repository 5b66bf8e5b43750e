def _i(ctx):
    pass

r = rule(_i, attrs = {"_p": attr.string()})

X = 1
