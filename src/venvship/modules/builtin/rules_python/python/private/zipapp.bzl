"""Programs as one file."""

def py_zipapp_binary(name, **kwargs):
    """The file `<name>.pyz` with a program and everything that it needs; see `_zipapp` for the arguments."""
    _zipapp(_venvship.py_zipapp_binary, name, **kwargs)

def py_zipapp_test(name, **kwargs):
    """A test that passes when the packed program exits with 0; see `_zipapp` for the arguments."""
    _zipapp(_venvship.py_zipapp_test, name, **kwargs)

def _zipapp(rule, name, binary, compression = "", executable = True, **kwargs):
    """The file `<name>.pyz` with a program and everything that it needs, its interpreter included.

    Args:
      rule: the rule of the target.
      name: name of the target.
      binary: the program.
      compression: how hard the archive is compressed, "0" to "9"; not at all by default.
      executable: whether the file can be started by itself; one that can't is called `<name>.zip`.
      **kwargs: everything that the rule takes.
    """
    rule(
        name = name,
        binary = binary,
        compression = compression,
        is_startable = executable,
        **kwargs
    )
