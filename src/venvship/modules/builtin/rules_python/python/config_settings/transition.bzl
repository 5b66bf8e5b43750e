"""Programs for a version of Python, where releases before `python_version` had them."""

load("//python:py_binary.bzl", _py_binary = "py_binary")
load("//python:py_test.bzl", _py_test = "py_test")

py_binary = _py_binary
py_test = _py_test
