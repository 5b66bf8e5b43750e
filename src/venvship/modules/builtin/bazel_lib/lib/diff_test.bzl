"""A test that two files or directories are equal."""

load("@bazel_skylib//rules:diff_test.bzl", _diff_test = "diff_test")

def diff_test(name, file1, file2, diff_args = [], size = "small", **kwargs):
    """Fails, showing the difference, when the files are not equal."""
    if diff_args:
        fail("diff_args of diff_test is not supported")
    _diff_test(name = name, file1 = file1, file2 = file2, size = size, **kwargs)
