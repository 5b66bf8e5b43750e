"""Locations and Make variables in texts."""

load(
    "@bazel_lib//lib:expand_make_vars.bzl",
    _expand_locations = "expand_locations",
    _expand_variables = "expand_variables",
)

expand_locations = _expand_locations
expand_variables = _expand_variables
