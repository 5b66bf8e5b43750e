def _b(ctx):
    ctx.actions.write(ctx.outputs.executable, ctx.attr.text, is_executable = True)
    return [DefaultInfo(runfiles = ctx.runfiles(files = ctx.files.data))]

b = rule(_b, executable = True, attrs = {"data": attr.label_list(allow_files = True), "text": attr.string()})

def _plain(ctx):
    return []

plain = rule(_plain)

def _show(ctx):
    i = ctx.attr.tool[DefaultInfo]
    print(ctx.executable.tool.basename, i.files_to_run.executable == ctx.executable.tool, sorted([f.short_path for f in i.default_runfiles.files.to_list()]), [f.short_path for f in i.files.to_list()], ctx.file.tool if False else "")

show = rule(_show, attrs = {"tool": attr.label(executable = True, cfg = "host")})
