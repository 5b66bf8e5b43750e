def _named():
    pass

def _r(ctx):
    print(ctx.label, str(ctx.label), repr(ctx.label), [ctx.label], "%s" % ctx.label, "{}".format(ctx.label))
    print(_named, len, [].append, ctx.label.workspace_name == "", ctx.label.repo_name if hasattr(ctx.label, "repo_name") else "")

r = rule(_r)
