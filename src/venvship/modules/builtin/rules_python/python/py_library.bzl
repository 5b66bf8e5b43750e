"""Python libraries."""

def py_library(name, **kwargs):
    """Sources and import roots."""
    _venvship.py_library(name = name, dialect = "rules_python", **kwargs)
