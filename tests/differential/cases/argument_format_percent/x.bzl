def _r(ctx):
    a = ctx.actions.args()
    a.add("1", format = "%s%%")
    a.add("2", format = "%%%s")
    a.add_all(["3"], format_each = "%s%%x")
    w = ctx.actions.declare_file("w.txt")
    a.set_param_file_format("multiline")
    ctx.actions.write(w, a)
    return [DefaultInfo(files = depset([w]))]

r = rule(_r)
