"""Interpreters and tools for actions."""

py_exec_tools_toolchain = _venvship.py_exec_tools_toolchain
