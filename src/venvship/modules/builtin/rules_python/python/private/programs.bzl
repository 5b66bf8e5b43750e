"""Programs with the defaults of rules_python."""

load("@venvship//python/private:flags.bzl", "RUNTIME")
load("@venvship//python/private:programs.bzl", _program = "program")

_DEBUGGER = Label("//python/config_settings:debugger")
_PYTHON_2 = ["PY2", "PY2ONLY"]

def program(rule, name, kwargs):
    """Make a program and its virtualenv.

    Args:
      rule: the rule of the program.
      name: name of the program.
      kwargs: its attributes, by name.
    """
    if kwargs.get("python_version") in _PYTHON_2:
        fail("`%s`: Python 2 is not supported, remove python_version" % name)
    if type(kwargs.get("legacy_create_init")) == "bool":
        kwargs["legacy_create_init"] = 1 if kwargs["legacy_create_init"] else 0
    kwargs.setdefault("isolated", False)
    kwargs["precompiling_runtime"] = RUNTIME
    kwargs["debugger"] = _DEBUGGER
    _program(rule, name, "rules_python", **kwargs)
