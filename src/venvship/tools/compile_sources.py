"""Compiles Python sources into bytecode files.

The request has `files`, a list of objects with `source` and `output` (paths) and `name`, which tracebacks show until
an import corrects it; `optimize` (0 to 2) and `is_checked`, whether an import compares the source.
"""

from __future__ import annotations

from typing import Any

from venvship.tools.compile_wheel import compiled


class NotCompiled(Exception):
    """Sources that are no Python of this interpreter's version."""

    user_error = True

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("can't compile:\n" + "\n".join(f"  {reason}" for reason in reasons))
        self.reasons = reasons


def run(request: dict[str, Any]) -> None:
    """Write all outputs, or raise NotCompiled with everything that is wrong."""
    reasons = []
    for file in request["files"]:
        with open(file["source"], "rb") as stream:
            source = stream.read()
        try:
            data = compiled(source, file["name"], optimize=request["optimize"], is_checked=request["is_checked"])
        except SyntaxError as error:
            reasons.append(f"{file['name']}:{error.lineno or 1}: {error.msg}")
            continue
        except (ValueError, OverflowError, RecursionError, MemoryError) as error:
            reasons.append(f"{file['name']}: {error}")
            continue
        with open(file["output"], "wb") as stream:
            stream.write(data)
    if reasons:
        raise NotCompiled(reasons)
