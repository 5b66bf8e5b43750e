"""Programs as one file."""

def py_zipapp_binary(name, binary, compression = "", executable = True, config_settings = {}, **kwargs):
    """The file `<name>.pyz` with a program and everything that it needs, its interpreter included.

    Args:
      name: name of the target.
      binary: the program.
      compression: how hard the archive is compressed, "0" to "9"; not at all by default.
      executable: whether the file can be started by itself.
      config_settings: refused, as the program has its own.
      **kwargs: everything that the rule takes.
    """
    if config_settings:
        fail("`%s`: set config_settings on the program" % name)
    _venvship.py_zipapp_binary(
        name = name,
        binary = binary,
        compression = compression,
        is_startable = executable,
        **kwargs
    )

def py_zipapp_test(name, **_kwargs):
    """Refused: test the program itself."""
    fail("py_zipapp_test is not supported (`%s`): let a test of another kind run the py_zipapp_binary" % name)
