def _stem(f):
    return f.basename.split(".")[0]

def _only_txt(f):
    return f.short_path if f.extension == "txt" else None

def _two(f):
    return [f.basename, f.extension]

def _r(ctx):
    srcs = ctx.files.srcs
    a = ctx.actions.args()
    a.add("--n", 3)
    a.add(srcs[0], format = "--src:%s")
    a.add("--label", ctx.label.name, format = "[%s]")
    a.add_all(srcs, map_each = _stem, before_each = "-s", format_each = "<%s>")
    a.add_all("--txt", srcs, map_each = _only_txt)
    a.add_all(srcs, map_each = _two, uniquify = True)
    a.add_all("--none", [])
    a.add_all("--kept", [], omit_if_empty = False, terminate_with = "--")
    a.add_all(["x", "y"], terminate_with = ".")
    a.add_joined(srcs, join_with = ":", map_each = _stem, format_joined = "all:%s")
    a.add_joined("--j", ["1", "2"], join_with = ", ")
    a.add_joined(depset(["q"], transitive = [depset(["p"])]), join_with = "", format_each = "(%s)")
    a.add_joined("--never", [], join_with = ",")
    o = ctx.actions.declare_file("o.txt")
    ctx.actions.run_shell(outputs = [o], command = "out=$1; shift; for x in \"$@\"; do echo \"$x\"; done > $out", arguments = [o.path, a, "last"])
    w = ctx.actions.declare_file("w.txt")
    ctx.actions.write(w, a)
    return [DefaultInfo(files = depset([o, w]))]

r = rule(_r, attrs = {"srcs": attr.label_list(allow_files = True)})
