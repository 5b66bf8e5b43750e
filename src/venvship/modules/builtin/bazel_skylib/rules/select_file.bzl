"""One of the files that a target makes."""

def _select_file(ctx):
    wanted = ctx.attr.subpath.replace("\\", "/")
    if not wanted:
        fail("Subpath can not be empty.")
    found = [file for file in ctx.files.srcs if file.path.replace("\\", "/").endswith(wanted)]
    if not found:
        fail("Can not find specified file in {}".format([file.path for file in ctx.files.srcs]))
    return [DefaultInfo(files = depset([found[0]]))]

select_file = rule(
    implementation = _select_file,
    attrs = {
        "srcs": attr.label(allow_files = True, mandatory = True),
        "subpath": attr.string(mandatory = True),
    },
)
