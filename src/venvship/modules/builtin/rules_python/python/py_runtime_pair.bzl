"""Interpreters for toolchains."""

py_runtime_pair = _venvship.py_runtime_pair
