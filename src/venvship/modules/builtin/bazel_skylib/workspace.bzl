"""Set-up of workspaces of old, which needs nothing here."""

load("//lib:unittest.bzl", "register_unittest_toolchains")

def bazel_skylib_workspace():
    """Does what it always did."""
    register_unittest_toolchains()
