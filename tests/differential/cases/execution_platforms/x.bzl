Where = provider(fields = ["at"])

def _tool(ctx):
    return [Where(at = ctx.attr.at)]

tool = rule(_tool, attrs = {"at": attr.string()})

def _user(ctx):
    print(ctx.label.name, ctx.attr._tool[Where].at, ctx.attr.dep[Where].at if ctx.attr.dep else "-")

_ATTRS = {
    "dep": attr.label(),
    "_tool": attr.label(default = "//execution_platforms:tool", cfg = "exec"),
}

user = rule(_user, attrs = _ATTRS)

beta_user = rule(_user, attrs = _ATTRS, exec_compatible_with = ["//execution_platforms:b"])
