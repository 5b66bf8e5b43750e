"""`pkg_zip`."""

def pkg_zip(name, srcs = [], **kwargs):
    """A zip file.

    Args:
      name: the target's name.
      srcs: files, programs and mappings.
      **kwargs: everything else.
    """
    if kwargs.pop("stamp", 0) not in [0, -1]:
        fail("`%s`: `stamp` is not supported" % name)
    if kwargs.pop("package_variables", None):
        fail("`%s`: `package_variables` is not supported" % name)
    _venvship.pkg_zip(name = name, srcs = srcs, **kwargs)
