def _named(x):
    return "n"

def _r(ctx):
    a = ctx.actions.args()
    k = ctx.attr.kind
    if k == "list":
        a.add(["x"])
    if k == "depset":
        a.add(depset(["x"]))
    if k == "format":
        a.add("x", format = "no placeholder")
    if k == "two_formats":
        a.add("x", format = "%s%s")
    if k == "joined":
        a.add_joined(["x"])
    if k == "string":
        a.add_all("x")
    if k == "param":
        a.use_param_file("no placeholder")
    if k == "param_format":
        a.set_param_file_format("nope")
    if k == "map":
        a.add_all(["x"], map_each = "nope")
    if k == "name":
        a.add_all(1, ["x"])
    o = ctx.actions.declare_file("o.txt")
    ctx.actions.write(o, a)
    return [DefaultInfo(files = depset([o]))]

r = rule(_r, attrs = {"kind": attr.string()})
