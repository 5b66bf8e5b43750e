"""Wheels that are built from libraries."""

load(":programs.bzl", "with_settings")

def wheel(name, twine = None, twine_binary = None, publish_args = [], dist_folder = None, **kwargs):
    """Make the wheel `name` and, as `<name>.dist`, a directory with the wheel under its own name.

    Args:
      name: name of the wheel's target.
      twine: refused, as nothing is published.
      twine_binary: refused, as nothing is published.
      publish_args: refused, as nothing is published.
      dist_folder: taken, and without effect.
      **kwargs: everything that the rule takes.
    """
    if twine or twine_binary or publish_args:
        fail("`%s`: publishing is not supported: run a client of your index on the wheel" % name)
    kwargs = with_settings(kwargs)
    _venvship.py_wheel(name = name, **kwargs)
    _venvship.py_wheel_dist(
        name = name + ".dist",
        wheel = ":" + name,
        out = name + "_dist",
        tags = ["manual"],
        testonly = kwargs.get("testonly"),
        visibility = kwargs.get("visibility"),
    )
