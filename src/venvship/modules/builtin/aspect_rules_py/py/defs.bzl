"""Python libraries, programs, tests, virtualenvs, wheels and image layers."""

load("@venvship//python/private:providers.bzl", "providers")
load("@venvship//python/private:wheels.bzl", "wheel")
load(
    "//py/private:programs.bzl",
    _py_binary = "py_binary",
    _py_test = "py_test",
    _py_venv = "py_venv",
    _py_venv_link = "py_venv_link",
)
load(
    "//py/private:pytest.bzl",
    _py_pytest_main = "py_pytest_main",
    _py_pytest_test = "py_pytest_test",
    _py_unittest_test = "py_unittest_test",
)
load("//py/private:image.bzl", _py_image_layer = "py_image_layer")
load("//py/private:virtual.bzl", _resolutions = "resolutions")

py_library = _venvship.py_library
py_venv = _py_venv
py_venv_link = _py_venv_link
py_binary = _py_binary
py_test = _py_test
py_pytest_main = _py_pytest_main
py_pytest_test = _py_pytest_test
py_unittest_test = _py_unittest_test
py_image_layer = _py_image_layer
py_layer_tier = _venvship.py_layer_tier
py_pex_binary = _venvship.py_pex_binary
py_unpacked_wheel = _venvship.py_unpacked_wheel
py_wheel = wheel
py_package = _venvship.py_package
whl_filegroup = _venvship.whl_filegroup
py_runtime = _venvship.py_runtime
py_runtime_pair = _venvship.py_runtime_pair
current_py_toolchain = _venvship.current_py_toolchain
resolutions = _resolutions
PyInfo = providers.PyInfo
PyLayerTierInfo = providers.PyLayerTierInfo
PyWheelsInfo = providers.PyWheelsInfo
PyRuntimeInfo = providers.PyRuntimeInfo
PyExecutableInfo = providers.PyExecutableInfo
VirtualenvInfo = providers.VirtualenvInfo

def py_venv_binary(name, **_kwargs):
    """Refused: `py_binary` does what it did."""
    fail("py_venv_binary was removed: use py_binary for `%s`" % name)

def py_venv_test(name, **_kwargs):
    """Refused: `py_test` does what it did."""
    fail("py_venv_test was removed: use py_test for `%s`" % name)
