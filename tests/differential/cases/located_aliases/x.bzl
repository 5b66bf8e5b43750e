def _shown(ctx):
    print(ctx.label.name, ctx.expand_location(ctx.attr.text, targets = ctx.attr.srcs).replace(ctx.bin_dir.path, "<bin>"))
    print(ctx.features, ctx.disabled_features)

shown = rule(_shown, attrs = {"srcs": attr.label_list(allow_files = True), "deps": attr.label_list(), "text": attr.string()})

def _program(ctx):
    ctx.actions.write(ctx.outputs.executable, "", is_executable = True)
    extra = ctx.actions.declare_file(ctx.label.name + ".extra")
    ctx.actions.write(extra, "")
    return DefaultInfo(files = depset([extra]))

program = rule(_program, executable = True)
