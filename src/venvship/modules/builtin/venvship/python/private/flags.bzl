"""Settings that can be named and read."""

# The interpreter of the configuration, for targets that have sources compiled.
RUNTIME = Label("@@python_interpreters//:runtime")

# How many releases of a minor version there may be by the end of its time.
_MICROS = {8: 21, 9: 26, 10: 26, 11: 26, 12: 26, 13: 26, 14: 26, 15: 26}

def flag(name, build_setting_default):
    """A setting with a text as its value.

    Args:
      name: name of the setting.
      build_setting_default: its value unless the command line sets another.
    """
    _venvship.python_flag(
        name = name,
        build_setting_default = build_setting_default,
    )

def switch(name, build_setting_default = False):
    """A setting that is on or off.

    Args:
      name: name of the setting.
      build_setting_default: its value unless the command line sets another.
    """
    _venvship.python_switch(
        name = name,
        build_setting_default = build_setting_default,
    )

def zip_flag():
    """Whether programs become one file."""
    _venvship.python_zip_flag(name = "build_python_zip")

def debugger_flag():
    """What programs can import beside their deps, nothing unless the command line names it."""
    _venvship.no_python(name = "_no_debugger")
    native.label_flag(
        name = "debugger",
        build_setting_default = ":_no_debugger",
    )

def interpreter(name, src):
    """The interpreter of a target, to be run.

    Args:
      name: name of the target.
      src: a program, or what else tells its runtime.
    """
    _venvship.python_interpreter(
        name = name,
        src = src,
    )

def repl():
    """An interpreter that can import what the setting `repl_dep` names, and starts with the file of `repl_stub`."""
    _venvship.no_python(name = "_nothing")
    for name in ["repl_dep", "repl_stub"]:
        native.label_flag(
            name = name,
            build_setting_default = ":_nothing",
        )
    _venvship.py_venv(
        name = "repl",
        deps = [":repl_dep"],
        started = ":repl_stub",
    )

def layer_tier_flag():
    """The plan of layers for images that name none."""
    _venvship.py_layer_tier(name = "_default_layer_tier")
    native.label_flag(
        name = "layer_tier",
        build_setting_default = ":_default_layer_tier",
    )

def group_flag():
    """The dependency group as a setting."""
    _venvship.dep_group_flag(name = "dep_group")

def version_flags(minor = True):
    """The version of Python as a setting, and whether it is a certain one.

    Args:
      minor: whether to make `python_version_major_minor`, `is_python_X.Y` and `is_python_X.Y.Z`, too.
    """
    _venvship.python_version_flag(name = "python_version")
    if not minor:
        return
    _venvship.python_minor_flag(name = "python_version_major_minor")
    for number in _MICROS:
        native.config_setting(
            name = "is_python_3.%d" % number,
            flag_values = {":python_version_major_minor": "3.%d" % number},
        )
    _venvship.python_full_flag(name = "_python_version_full")
    for number, micros in _MICROS.items():
        for micro in range(micros):
            native.config_setting(
                name = "is_python_3.%d.%d" % (number, micro),
                flag_values = {":_python_version_full": "3.%d.%d" % (number, micro)},
            )
