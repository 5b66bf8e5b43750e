def _basename(f):
    return f.basename

def _r(ctx):
    d = ctx.actions.declare_directory(ctx.label.name + ".dir")
    ctx.actions.run_shell(outputs = [d], command = "mkdir -p $1/sub/empty; echo a > $1/a.txt; echo b > $1/sub/b.txt", arguments = [d.path])
    print(d.is_directory, d.basename, d.short_path)
    o = ctx.actions.declare_file(ctx.label.name + ".list")
    args = ctx.actions.args()
    args.add_all([d], map_each = _basename)
    args.add_all([d], expand_directories = False, map_each = _basename)
    args.use_param_file("%s", use_always = True)
    args.set_param_file_format("multiline")
    ctx.actions.run_shell(outputs = [o], inputs = [d], command = "cat $2 > $1; (cd $3 && find . -name '*.txt' | sort) >> $1", arguments = [o.path, args, d.path])
    e = ctx.actions.declare_directory("empty")
    ctx.actions.run_shell(outputs = [e], command = "true")
    return [DefaultInfo(files = depset([d, o, e]))]

r = rule(_r)
