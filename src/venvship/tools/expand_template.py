"""Writes a copy of a text file with every occurrence of some strings replaced.

The request has `template` and `output` (paths), `substitutions` (an object of string to string), `executable`, and
perhaps `computed_substitutions`: the path of a file with such an object, whose replacements are made last.
Replacements are made one after another in the order of the object, as Bazel's `expand_template` does, on bytes that
need not be UTF-8.
"""

from __future__ import annotations

import json
import os
from typing import Any


def run(request: dict[str, Any]) -> None:
    """Write `output`."""
    with open(request["template"], "rb") as file:
        content = file.read()
    for key, value in {**request["substitutions"], **_read(request.get("computed_substitutions"))}.items():
        if key:
            content = content.replace(key.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
    with open(request["output"], "wb") as file:
        file.write(content)
    if request.get("executable"):
        os.chmod(request["output"], 0o755)


def _read(path: str | None) -> dict[str, str]:
    if path is None:
        return {}
    with open(path, "rb") as file:
        found: dict[str, str] = json.load(file)
    return found
