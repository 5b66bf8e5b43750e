"""Programs with the defaults of rules_python."""

def program(rule, name, kwargs):
    """Make a program and its virtualenv.

    Args:
      rule: the rule of the program.
      name: name of the program.
      kwargs: its attributes, by name.
    """
    venv = "_%s.venv" % name
    venv_kwargs = {key: kwargs[key] for key in ["srcs", "deps", "imports", "data", "python_version", "testonly"] if key in kwargs}
    _venvship.py_venv(
        name = venv,
        dialect = "rules_python",
        tags = (kwargs.get("tags") or []) + ["manual"],
        visibility = ["//visibility:private"],
        **venv_kwargs
    )
    rule(
        name = name,
        venv = ":" + venv,
        isolated = False,
        dialect = "rules_python",
        interpreter_options = kwargs.pop("interpreter_args", []),
        **kwargs
    )
