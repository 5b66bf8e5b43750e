"""Python programs."""

load("//python/private:programs.bzl", "program")

def py_binary(name, **kwargs):
    """A program whose main is the source named like the target, unless `main` says otherwise."""
    program(_venvship.py_binary, name, kwargs)
