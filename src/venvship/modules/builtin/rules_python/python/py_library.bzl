"""Python libraries."""

load("@venvship//python/private:flags.bzl", "RUNTIME")

# Hints for the layout of virtualenvs, which is read from the files themselves.
_WITHOUT_EFFECT = ["experimental_venvs_site_packages", "namespace_package_files"]

def py_library(name, **kwargs):
    """Sources and import roots."""
    for hint in _WITHOUT_EFFECT:
        kwargs.pop(hint, None)
    if kwargs.get("precompile", "inherit") not in (None, "inherit", "disabled"):
        kwargs["precompiling_runtime"] = RUNTIME
    _venvship.py_library(name = name, dialect = "rules_python", **kwargs)
