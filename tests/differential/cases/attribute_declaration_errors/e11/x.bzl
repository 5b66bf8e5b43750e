def _i(ctx):
    pass

r = rule(_i, attrs = {"a": "string"})

X = 1
