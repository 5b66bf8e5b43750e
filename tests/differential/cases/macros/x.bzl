def _write(ctx):
    ctx.actions.write(ctx.outputs.out, ctx.attr.text)

_write_rule = rule(_write, attrs = {"out": attr.output(mandatory = True), "text": attr.string()})

def many(name, count, **kwargs):
    for i in range(count):
        _write_rule(name = "%s_%d" % (name, i), out = "%s_%d.txt" % (name, i), text = native.package_name() + str(i), **kwargs)
    native.filegroup(name = name, srcs = [":%s_%d" % (name, i) for i in range(count)])
    print(sorted(native.existing_rules().keys()), native.existing_rule(name)["srcs"], native.existing_rule("nope"), native.existing_rule(name + "_0")["kind"], native.glob(["*.bzl"]))
