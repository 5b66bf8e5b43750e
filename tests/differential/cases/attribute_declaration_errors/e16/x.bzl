def _i(ctx):
    pass

r = rule(_i, test = True)

X = 1
