def _t(ctx):
    f = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(f, "#!/bin/sh\ntest -n \"$TEST_TARGET\" || exit 9\nexit %d\n" % ctx.attr.code, is_executable = True)
    print(ctx.attr.size, ctx.attr.args, ctx.attr.timeout, ctx.attr.flaky, ctx.attr.local)
    return [DefaultInfo(executable = f)]

my_test = rule(_t, test = True, attrs = {"code": attr.int()})
