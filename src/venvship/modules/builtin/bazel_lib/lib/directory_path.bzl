"""A path in a directory that a target makes."""

DirectoryPathInfo = provider(
    doc = "A path in a directory.",
    fields = {"directory": "the directory", "path": "the path in it"},
)

def _directory_path(ctx):
    if not ctx.file.directory.is_directory:
        fail("directory attribute must be a directory")
    return [DirectoryPathInfo(directory = ctx.file.directory, path = ctx.attr.path)]

directory_path = rule(
    implementation = _directory_path,
    attrs = {
        "directory": attr.label(mandatory = True, allow_single_file = True),
        "path": attr.string(mandatory = True),
    },
)

def make_directory_path(name, directory, path, **kwargs):
    """Declares a directory_path and answers its label."""
    directory_path(name = name, directory = directory, path = path, **kwargs)
    return native.package_relative_label(name)
