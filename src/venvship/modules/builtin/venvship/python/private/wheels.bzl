"""Wheels that are built from libraries."""

load("//foreign:rules.bzl", "foreign_target")
load("//programs:native_binary.bzl", "native_binary")
load(":programs.bzl", "console_script", "program")

def _python_program(name, **kwargs):
    program(_venvship.py_binary, name, "aspect", **kwargs)

def wheel(name, twine = None, twine_binary = None, publish_args = [], dist_folder = None, **kwargs):
    """Make the wheel `name` and, as `<name>.dist`, a directory with the wheel under its own name.

    Args:
      name: name of the wheel's target.
      twine: the distribution of twine; `<name>.publish` then uploads the wheel, and can't be run without.
      twine_binary: a program in its place.
      publish_args: further words for the upload.
      dist_folder: name of that directory, `<name>_dist` by default.
      **kwargs: everything that the rule takes.
    """
    _venvship.py_wheel(name = name, **kwargs)
    shared = {key: kwargs.get(key) for key in ["testonly", "visibility"]}
    dist = name + ".dist"
    _venvship.py_wheel_dist(name = dist, wheel = ":" + name, out = dist_folder or name + "_dist", tags = ["manual"], **shared)
    upload = {
        "args": ["upload"] + publish_args + ["$(rootpath :%s)/*" % dist],
        "data": [":" + dist],
        "tags": ["manual"],
    }
    if twine_binary:
        native_binary(name = name + ".publish", src = twine_binary, **(shared | upload))
    elif twine:
        console_script(_python_program, name + ".publish", twine, "twine", [], shared | upload)
    else:
        foreign_target(
            name = name + ".publish",
            kind = "py_wheel",
            reason = "nothing is named that uploads it",
            advice = "set `twine = \"@pypi//twine\"` of `%s`, with a lock that has twine, or `twine_binary`" % name,
            **shared
        )
