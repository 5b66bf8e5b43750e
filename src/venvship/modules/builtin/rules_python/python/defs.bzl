"""Python libraries, programs and tests, with the defaults of rules_python."""

load("@venvship//python/private:providers.bzl", "providers")
load("//python:current_py_toolchain.bzl", _current_py_toolchain = "current_py_toolchain")
load("//python:py_binary.bzl", _py_binary = "py_binary")
load("//python:py_import.bzl", _py_import = "py_import")
load("//python:py_library.bzl", _py_library = "py_library")
load("//python:py_runtime.bzl", _py_runtime = "py_runtime")
load("//python:py_runtime_pair.bzl", _py_runtime_pair = "py_runtime_pair")
load("//python:py_test.bzl", _py_test = "py_test")

py_binary = _py_binary
py_library = _py_library
py_test = _py_test
py_import = _py_import
py_runtime = _py_runtime
py_runtime_pair = _py_runtime_pair
current_py_toolchain = _current_py_toolchain
PyInfo = providers.PyInfo
PyRuntimeInfo = providers.PyRuntimeInfo
