"""Files out of templates, with locations and Make variables in what is put in."""

load(":expand_make_vars.bzl", "expand_locations", "expand_variables")
load(":stamping.bzl", "STAMP_ATTRS", "maybe_stamp")

# Reads status files (`KEY value` on each line), then what is put in for what, then the template as one record.
_FILL = """
part == "status" { split($0, word, " "); status["{{" word[1] "}}"] = substr($0, length(word[1]) + 2); next }
part == "texts" { for (name in status) $2 = filled($2, name, status[name]); text[$1] = $2; next }
{ for (name in text) $0 = filled($0, name, text[name]); printf "%s", $0 }
function filled(whole, name, value,    done, at) {
    while (at = index(whole, name)) {
        done = done substr(whole, 1, at - 1) value
        whole = substr(whole, at + length(name))
    }
    return done whole
}
"""

def _stamped(ctx, template, out, stamp, texts):
    """Fill in what is made of build information."""
    pairs = ctx.actions.declare_file(ctx.label.name + ".stamp_substitutions")
    ctx.actions.write(pairs, "\036".join(["%s\037%s" % (key, value) for key, value in texts.items()]))
    ctx.actions.run_shell(
        inputs = [stamp.stable_status_file, stamp.volatile_status_file, pairs, template],
        outputs = [out],
        arguments = [
            _FILL,
            stamp.stable_status_file.path,
            stamp.volatile_status_file.path,
            pairs.path,
            template.path,
            out.path,
            "755" if ctx.attr.is_executable else "644",
        ],
        command = """awk "$1" part=status "$2" "$3" part=texts RS='\\036' FS='\\037' "$4" part= RS='\\001' "$5" > "$6" && chmod "$7" "$6" """,
        mnemonic = "ExpandTemplate",
        progress_message = "Filling in build information of %{label}",
    )

def _expand_template(ctx):
    out = ctx.outputs.out
    if not out:
        out = ctx.actions.declare_file(ctx.label.name)
    targets = ctx.attr.data + [ctx.attr.template]
    stamp = maybe_stamp(ctx) if ctx.attr.stamp_substitutions else None
    stamped = ctx.attr.stamp_substitutions if stamp else {}
    expanded = ctx.actions.declare_file(ctx.label.name + ".unstamped") if stamped else out
    ctx.actions.expand_template(
        template = ctx.file.template,
        output = expanded,
        substitutions = {
            key: expand_variables(ctx, expand_locations(ctx, value, targets), outs = [out], attribute_name = "substitutions")
            for key, value in ctx.attr.substitutions.items()
            if key not in stamped
        },
        is_executable = ctx.attr.is_executable,
    )
    if stamped:
        _stamped(ctx, expanded, out, stamp, stamped)
    files = depset([out])
    runfiles = ctx.runfiles(files = [out] + ctx.files.data)
    runfiles = runfiles.merge_all([one[DefaultInfo].default_runfiles for one in ctx.attr.data])
    return [DefaultInfo(executable = out if ctx.attr.is_executable else None, files = files, runfiles = runfiles)]

_ATTRIBUTES = {
    "data": attr.label_list(allow_files = True),
    "is_executable": attr.bool(default = False),
    "out": attr.output(),
    "stamp_substitutions": attr.string_dict(),
    "substitutions": attr.string_dict(),
    "template": attr.label(mandatory = True, allow_single_file = True),
} | STAMP_ATTRS

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
