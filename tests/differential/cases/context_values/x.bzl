def _show(ctx):
    print(ctx.label.name, ctx.label.package, ctx.label.workspace_name == "", ctx.build_file_path, ctx.attr.name, ctx.configuration != None, type(ctx.label), type(ctx.attr), type(ctx.actions))
    for f in ctx.files.data:
        print(f.basename, f.extension, f.short_path, f.is_source, f.is_directory, f.owner.name, f.root.path == "", f.dirname.split("/bin/")[-1], type(f), f.path == f.short_path)
    o = ctx.actions.declare_file("x/y.txt")
    ctx.actions.write(o, "content")
    print(o, o.short_path, o.owner.name, o == ctx.actions.declare_file("x/y.txt") if False else o == o, [o].count(o) if False else o in [o], {o: 1}[o])
    s = ctx.actions.declare_file("near.txt", sibling = o)
    ctx.actions.write(s, "")
    print(s.short_path, ctx.bin_dir.path == o.root.path, ctx.var["COMPILATION_MODE"], ctx.var.get("NOPE"), "BINDIR" in ctx.var)

show = rule(_show, attrs = {"data": attr.label_list(allow_files = True)})
