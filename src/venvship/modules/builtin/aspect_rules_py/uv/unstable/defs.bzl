"""Refused: what was unstable has become a part of `//uv:defs.bzl`."""

fail("@aspect_rules_py//uv/unstable:defs.bzl was removed: load the same names from @aspect_rules_py//uv:defs.bzl")
