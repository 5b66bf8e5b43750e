def _r(ctx):
    tree = ctx.actions.declare_directory("tree")
    ctx.actions.run_shell(outputs = [tree], command = "mkdir -p $1/in && echo T > $1/in/t", arguments = [tree.path])
    link = ctx.actions.declare_directory("link")
    ctx.actions.symlink(output = link, target_file = tree)
    seen = ctx.actions.declare_file("seen")
    ctx.actions.run_shell(outputs = [seen], inputs = [link], command = "cat $1/in/t > $2", arguments = [link.path, seen.path])
    return [DefaultInfo(files = depset([seen]))]

r = rule(_r)
