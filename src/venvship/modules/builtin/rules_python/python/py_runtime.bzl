"""Interpreters of one's own."""

py_runtime = _venvship.py_runtime
