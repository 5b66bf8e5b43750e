"""Files out of templates, with locations and Make variables in what is put in."""

load(":expand_make_vars.bzl", "expand_locations", "expand_variables")

def _expand_template(ctx):
    out = ctx.outputs.out
    if not out:
        out = ctx.actions.declare_file(ctx.label.name)
    targets = ctx.attr.data + [ctx.attr.template]
    ctx.actions.expand_template(
        template = ctx.file.template,
        output = out,
        substitutions = {
            key: expand_variables(ctx, expand_locations(ctx, value, targets), outs = [out], attribute_name = "substitutions")
            for key, value in ctx.attr.substitutions.items()
        },
        is_executable = ctx.attr.is_executable,
    )
    files = depset([out])
    runfiles = ctx.runfiles(files = [out] + ctx.files.data)
    runfiles = runfiles.merge_all([one[DefaultInfo].default_runfiles for one in ctx.attr.data])
    return [DefaultInfo(executable = out if ctx.attr.is_executable else None, files = files, runfiles = runfiles)]

_ATTRIBUTES = {
    "data": attr.label_list(allow_files = True),
    "is_executable": attr.bool(default = False),
    "out": attr.output(),
    "stamp": attr.int(default = 0),
    "stamp_substitutions": attr.string_dict(),
    "substitutions": attr.string_dict(),
    "template": attr.label(mandatory = True, allow_single_file = True),
}

expand_template_rule = rule(implementation = _expand_template, attrs = _ATTRIBUTES)
_program = rule(implementation = _expand_template, attrs = _ATTRIBUTES, executable = True)

def expand_template(name, template, **kwargs):
    """Replaces texts of a template; a list of lines is a template too."""
    if type(template) == "list":
        source = "{}_tmpl".format(name)
        native.genrule(
            name = source,
            outs = ["{}.txt".format(source)],
            cmd = "cat > $@ <<'END_OF_TEMPLATE'\n{}\nEND_OF_TEMPLATE".format("\n".join(template).replace("$", "$$")),
            tags = ["manual"],
            visibility = ["//visibility:private"],
        )
        template = source
    (_program if kwargs.get("is_executable") else expand_template_rule)(name = name, template = template, **kwargs)
