def _i(ctx):
    pass

r = rule(_i, nope = True)

X = 1
