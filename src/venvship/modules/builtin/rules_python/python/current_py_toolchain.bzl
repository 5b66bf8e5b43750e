"""Make variables with the interpreter's path."""

current_py_toolchain = _venvship.current_py_toolchain
own_py_toolchain = _venvship.own_py_toolchain
