"""Refused: what was unstable has become a part of `//py:defs.bzl`."""

fail("@aspect_rules_py//py/unstable:defs.bzl was removed: load py_venv and py_venv_link from @aspect_rules_py//py:defs.bzl")
