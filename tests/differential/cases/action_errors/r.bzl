def _r(ctx):
    k = ctx.attr.kind
    o = ctx.actions.declare_file("o.txt")
    if k == "no_action":
        return [DefaultInfo(files = depset([o]))]
    if k == "exit":
        ctx.actions.run_shell(outputs = [o], command = "exit 4")
    if k == "not_made":
        ctx.actions.run_shell(outputs = [o], command = "true")
    if k == "twice":
        ctx.actions.write(o, "a")
        ctx.actions.write(o, "b")
    if k == "no_outputs":
        ctx.actions.run_shell(outputs = [], command = "true")
    if k == "bad_content":
        ctx.actions.write(o, 1)
    if k == "outside":
        ctx.actions.declare_file("../x")
    if k == "foreign":
        ctx.actions.write(ctx.files.srcs[0], "x")
    if k == "no_executable":
        ctx.actions.run(outputs = [o], executable = "does/not/exist")
    if k == "undeclared_input":
        ctx.actions.run_shell(outputs = [o], command = "cat action_errors/r.bzl > " + o.path)
    if k == "prefix":
        ctx.actions.write(o, "")
        ctx.actions.write(ctx.actions.declare_file("o.txt/y"), "")
    if k == "write_after":
        ctx.actions.write(output = o)
    if k == "symlink":
        ctx.actions.symlink(output = o)
    return [DefaultInfo(files = depset([o]))]

r = rule(_r, attrs = {"kind": attr.string(), "srcs": attr.label_list(allow_files = True)})
