"""Libraries with the defaults of rules_python."""

load("@venvship//python/private:flags.bzl", "RUNTIME")

# Hints for the layout of virtualenvs, which is read from the files themselves.
_WITHOUT_EFFECT = ["experimental_venvs_site_packages", "namespace_package_files"]

def library(rule, name, kwargs):
    """Make a library.

    Args:
      rule: the rule of the library.
      name: name of the library.
      kwargs: its attributes, by name.
    """
    for hint in _WITHOUT_EFFECT:
        kwargs.pop(hint, None)
    if kwargs.get("precompile", "inherit") not in (None, "inherit", "disabled"):
        kwargs["precompiling_runtime"] = RUNTIME
    rule(name = name, dialect = "rules_python", **kwargs)
