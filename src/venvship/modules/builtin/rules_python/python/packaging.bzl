"""Wheels that are built from libraries."""

load("@venvship//python/private:providers.bzl", "providers")
load("@venvship//python/private:wheels.bzl", "wheel")

PyWheelInfo = providers.PyWheelInfo
py_package = _venvship.py_package
py_wheel = wheel
py_wheel_dist = _venvship.py_wheel_dist
py_wheel_rule = _venvship.py_wheel
