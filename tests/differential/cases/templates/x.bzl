def _t(ctx):
    o = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.expand_template(template = ctx.file.template, output = o, substitutions = {"{NAME}": "World", "{OTHER}": "{NAME}", "{A}": "", "{B}": "b\nc", "World": "never"})
    p = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.expand_template(template = ctx.file.template, output = p, substitutions = {}, is_executable = True)
    return [DefaultInfo(files = depset([o, p]))]

t = rule(_t, attrs = {"template": attr.label(allow_single_file = True)})
