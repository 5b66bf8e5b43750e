"""Refused: what other workspaces load from here is public, or has become `py_binary`."""

fail("@aspect_rules_py//py/private/py_venv:defs.bzl is private: load py_venv and py_venv_link, py_binary and py_test in the place of py_venv_binary and py_venv_test, or with external_venv in the place of py_venv_exec and py_venv_exec_test, from @aspect_rules_py//py:defs.bzl")
