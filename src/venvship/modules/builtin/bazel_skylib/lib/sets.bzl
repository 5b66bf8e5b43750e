"""The same as `new_sets.bzl`, under its older name."""

load(":new_sets.bzl", _sets = "sets")

sets = _sets
