def _r(ctx):
    def nested(x):
        return x

    o = ctx.actions.declare_file("o")
    a = ctx.actions.args()
    a.add_all(["x"], map_each = nested)
    ctx.actions.write(o, a)
    return [DefaultInfo(files = depset([o]))]

r = rule(_r)
