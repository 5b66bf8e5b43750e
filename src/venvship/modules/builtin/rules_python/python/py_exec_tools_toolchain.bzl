"""Interpreters for actions."""

def py_exec_tools_toolchain(name, **kwargs):
    """Taken, and without effect: actions run with the interpreter of their targets."""
    native.filegroup(
        name = name,
        tags = ["manual"],
        visibility = kwargs.get("visibility"),
    )
