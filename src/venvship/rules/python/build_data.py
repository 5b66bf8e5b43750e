"""What a program may ask about its build: the module `bazel_binary_info` and the file that it reads."""

from __future__ import annotations

from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.model.artifact import Artifact
from venvship.model.configuration import COMPILATION_MODE

MODULE_FILE: Final = "bazel_binary_info.py"

_MODULE: Final = '''\
"""Tells a program about its build."""

import os

BUILD_DATA_FILE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), {path!r}))


def get_build_data():
    """The text of the build data: lines of a key and a value."""
    with open(BUILD_DATA_FILE, encoding="utf-8") as file:
        return file.read()
'''


_REDACTED: Final = {"BUILD_HOST": "redacted", "BUILD_USER": "redacted", "BUILD_TIMESTAMP": "0"}


def write_build_data(ctx: RuleContext, program: str) -> Artifact:
    """Declare `<program>.build_data.txt`.

    Unless the target is stamped, nothing of the machine or of the time is in it, so the same sources give the same
    bytes; the keys that would tell these have the values that unstamped builds have everywhere.
    """
    label = ctx.label.sibling(program)
    lines = {
        "TARGET": str(label),
        "CONFIG_MODE": "TARGET",
        "COMPILATION_MODE": ctx.configuration.get(COMPILATION_MODE, "fastbuild"),
        "PLATFORM": str(ctx.configuration.platform),
        "STAMPED": "TRUE" if ctx.is_stamped else "FALSE",
        **(ctx.status.values if ctx.is_stamped else _REDACTED),
    }
    output = ctx.declare_file(f"{program}.build_data.txt")
    ctx.write(output, "".join(f"{key} {value}\n" for key, value in lines.items()).encode())
    return output


def module_text(path: str) -> bytes:
    """The module; `path` leads from its directory to the file."""
    return _MODULE.format(path=path).encode()
