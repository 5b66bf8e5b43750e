def _r(ctx):
    out = [ctx.actions.declare_file("%s.%d" % (ctx.label.name, i)) for i in range(6)]
    ctx.actions.run_shell(outputs = [out[0]], inputs = ctx.files.srcs, command = "cat \"$@\" > " + out[0].path, arguments = [f.path for f in ctx.files.srcs])
    ctx.actions.run_shell(outputs = [out[1]], command = "echo $A:${B-unset}:$# > $1", arguments = [out[1].path], env = {"A": "a b"})
    args = ctx.actions.args()
    args.add("one two").add("").add(out[2])
    ctx.actions.run(outputs = [out[2]], executable = ctx.executable.tool, arguments = [args])
    ctx.actions.run_shell(outputs = [out[3], out[4]], inputs = depset([out[0]]), command = "cat %s | tee %s > %s" % (out[0].path, out[3].path, out[4].path), progress_message = "Copying", mnemonic = "Copy")
    ctx.actions.run_shell(outputs = [out[5]], tools = [ctx.executable.tool], command = "%s x y %s; ls a.txt 2>/dev/null || true; pwd | grep -c / >> %s" % (ctx.executable.tool.path, out[5].path, out[5].path))
    return [DefaultInfo(files = depset(out))]

r = rule(_r, attrs = {"srcs": attr.label_list(allow_files = True), "tool": attr.label(executable = True, cfg = "exec")})
