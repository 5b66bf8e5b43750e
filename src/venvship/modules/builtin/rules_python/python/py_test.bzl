"""Python tests."""

load("//python/private:programs.bzl", "program")

def py_test(name, **kwargs):
    """A test whose main is the source named like the target, unless `main` says otherwise."""
    kwargs["testonly"] = True
    program(_venvship.py_test, name, kwargs)
