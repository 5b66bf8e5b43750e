"""`pkg_tar`."""

# Attributes of rules_pkg that say what is so in any case.
_ALWAYS = {
    "stamp": [0, -1],
    "preserve_mtime": [False],
    "allow_duplicates_from_deps": [False],
    "allow_duplicates_with_different_content": [True, False],
    "private_stamp_detect": [False],
}

def pkg_tar(name, srcs = [], files = None, **kwargs):
    """A tar archive.

    Args:
      name: the target's name.
      srcs: files, programs and mappings.
      files: refused: `renames` of pkg_files does it.
      **kwargs: everything else.
    """
    if files:
        fail("`%s`: `files` is obsolete; use pkg_files with `renames`" % name)
    for key, harmless in _ALWAYS.items():
        value = kwargs.pop(key, None)
        if value != None and value not in harmless:
            fail("`%s`: `%s` = %r is not supported" % (name, key, value))
    for key in ["compressor", "compressor_args", "package_variables", "package_dir_file"]:
        if kwargs.pop(key, None):
            fail("`%s`: `%s` is not supported" % (name, key))
    _venvship.pkg_tar(name = name, srcs = srcs, **kwargs)
