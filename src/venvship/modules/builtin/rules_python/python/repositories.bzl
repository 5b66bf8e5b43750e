"""What `WORKSPACE` files called, which are not read: `MODULE.bazel` says all of it."""

_VERSIONS = "name versions in MODULE.bazel, `python.toolchain(python_version = \"3.12\")` of @rules_python//python/extensions:python.bzl"

def py_repositories(**_kwargs):
    """Has no effect: rules_python is there."""

def python_register_toolchains(name, **_kwargs):
    """Refused: toolchains are those of MODULE.bazel."""
    fail("python_register_toolchains(name = \"%s\") is for WORKSPACE files: %s" % (name, _VERSIONS))

def python_register_multi_toolchains(name, **_kwargs):
    """Refused: toolchains are those of MODULE.bazel."""
    fail("python_register_multi_toolchains(name = \"%s\") is for WORKSPACE files: %s" % (name, _VERSIONS))
