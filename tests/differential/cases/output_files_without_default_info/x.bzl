def _r(ctx):
    ctx.actions.write(ctx.outputs.out, "o")
    extra = ctx.actions.declare_file("never_built.txt")
    ctx.actions.run_shell(outputs = [extra], command = "exit 1")

r = rule(_r, attrs = {"out": attr.output()})

def _show(ctx):
    for d in ctx.attr.deps:
        print(d.label.name, [f.basename for f in d.files.to_list()], DefaultInfo in d)

show = rule(_show, attrs = {"deps": attr.label_list(allow_files = True)})
