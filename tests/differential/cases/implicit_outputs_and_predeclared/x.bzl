def _r(ctx):
    print(ctx.outputs.out.short_path, [o.short_path for o in ctx.outputs.outs], ctx.outputs.log.short_path, ctx.outputs.map.short_path, ctx.attr.out.name, [o.name for o in ctx.attr.outs], dir(ctx.outputs) if False else sorted([n for n in ["log", "map", "out", "outs", "nope"] if hasattr(ctx.outputs, n)]))
    for f in ctx.outputs.outs + [ctx.outputs.out, ctx.outputs.log, ctx.outputs.map]:
        ctx.actions.write(f, f.basename + "\n")

r = rule(_r, attrs = {"out": attr.output(), "outs": attr.output_list(), "suffix": attr.string()}, outputs = {"log": "%{name}.log", "map": "%{name}-%{suffix}.map"})
