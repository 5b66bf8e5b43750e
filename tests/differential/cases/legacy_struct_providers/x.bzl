A = provider(fields = ["x"])

def _r(ctx):
    return struct(providers = [A(x = 1)], old = 1)

r = rule(_r)
