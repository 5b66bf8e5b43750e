def _r(ctx):
    print(ctx.label.name)

_private = rule(_r)

def made(name):
    _private(name = name)
