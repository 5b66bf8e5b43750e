"""Eggs."""

def py_import(name, **_kwargs):
    """Refused: wheels have replaced eggs."""
    fail("py_import is not supported (`%s`): make a wheel of the egg and use py_unpacked_wheel" % name)
