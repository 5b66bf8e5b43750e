def f():
    r = rule(implementation = g)
    r(name = "a")

def g(ctx):
    pass
