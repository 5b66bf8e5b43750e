"""Some of the outputs of a target."""

def _output_files(ctx):
    files = ctx.attr.target[OutputGroupInfo][ctx.attr.output_group].to_list() if ctx.attr.output_group else ctx.files.target
    found = []
    for path in ctx.attr.paths:
        matching = [file for file in files if file.short_path == path or file.short_path.endswith("/" + path)]
        if not matching:
            fail("path {} was not found in the outputs of {}: {}".format(
                path,
                ctx.attr.target.label,
                [file.short_path for file in files],
            ))
        found.append(matching[0])
    return [DefaultInfo(files = depset(found), runfiles = ctx.runfiles(found))]

output_files = rule(
    implementation = _output_files,
    attrs = {
        "output_group": attr.string(),
        "paths": attr.string_list(mandatory = True, allow_empty = False),
        "target": attr.label(mandatory = True, allow_files = True),
    },
    provides = [DefaultInfo],
)

def make_output_files(name, target, paths, **kwargs):
    """Declares output_files and answers its label."""
    output_files(name = name, target = target, paths = paths, **kwargs)
    return native.package_relative_label(name)
