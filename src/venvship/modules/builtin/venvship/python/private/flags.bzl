"""Settings that can be named and read."""

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
