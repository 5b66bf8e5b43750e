"""Python libraries."""

load("//python/private:libraries.bzl", "library")

def py_library(name, **kwargs):
    """Sources and import roots."""
    library(_venvship.py_library, name, kwargs)
