def _r(ctx):
    made = {}
    for n in ["main", "extra", "more", "hidden"]:
        f = ctx.actions.declare_file(ctx.label.name + "." + n)
        ctx.actions.write(f, n)
        made[n] = f
    return [DefaultInfo(files = depset([made["main"]])), OutputGroupInfo(extra = [made["extra"]], more = depset([made["more"]]), _hidden = depset([made["hidden"]]))]

r = rule(_r)

def _show(ctx):
    g = ctx.attr.dep[OutputGroupInfo]
    print([f.basename for f in g.extra.to_list()], [f.basename for f in g["more"].to_list()], "extra" in g, "nope" in g, hasattr(g, "nope"), type(g.extra))

show = rule(_show, attrs = {"dep": attr.label()})
