"""Python libraries, programs, tests, virtualenvs and image layers."""

load("//py/private:programs.bzl", _py_binary = "py_binary", _py_test = "py_test")
load("//py/private:pytest.bzl", _py_pytest_main = "py_pytest_main", _py_pytest_test = "py_pytest_test")

py_library = _venvship.py_library
py_venv = _venvship.py_venv
py_binary = _py_binary
py_test = _py_test
py_pytest_main = _py_pytest_main
py_pytest_test = _py_pytest_test
py_image_layer = _venvship.py_image_layer

def py_venv_binary(name, **_kwargs):
    """Refused: `py_binary` does what it did."""
    fail("py_venv_binary was removed: use py_binary for `%s`" % name)

def py_venv_test(name, **_kwargs):
    """Refused: `py_test` does what it did."""
    fail("py_venv_test was removed: use py_test for `%s`" % name)
