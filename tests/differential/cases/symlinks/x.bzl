def _r(ctx):
    made = ctx.actions.declare_file(ctx.label.name + ".made")
    ctx.actions.write(made, "made\n")
    to_source = ctx.actions.declare_file("dir/to_source")
    ctx.actions.symlink(output = to_source, target_file = ctx.file.src)
    to_made = ctx.actions.declare_file("to_made")
    ctx.actions.symlink(output = to_made, target_file = made, progress_message = "Linking")
    to_link = ctx.actions.declare_file("to_link")
    ctx.actions.symlink(output = to_link, target_file = to_made)
    copied = ctx.actions.declare_file("copied")
    ctx.actions.run_shell(outputs = [copied], inputs = [to_link, to_source], command = "cat %s %s > %s" % (to_link.path, to_source.path, copied.path))
    return [DefaultInfo(files = depset([to_source, to_link, copied]))]

r = rule(_r, attrs = {"src": attr.label(allow_single_file = True)})
