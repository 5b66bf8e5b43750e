"""Writes the program that calls a console script, as an `entry_points.txt` has it.

The request has `entry_points` (paths: one is such a file, or a directory with one), `script`, `shebang` (text, or
empty) and `output`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from venvship.wheels.entry_points import EntryPoint, MalformedEntryPoints, parse_entry_points

_NAME = "entry_points.txt"
_LARGEST = 1 << 20
_PROGRAM = """\
import sys

from {module} import {first}

if __name__ == "__main__":
    sys.exit({function}())
"""


class UnknownScript(ValueError):
    """No file names the script, or what there is can't be read."""

    user_error = True


def program_text(module: str, function: str, *, shebang: str = "") -> bytes:
    """A program that calls `function` of `module`; both may be dotted."""
    text = _PROGRAM.format(module=module, first=function.partition(".")[0], function=function)
    return ((f"#!{shebang.removeprefix('#!')}\n" if shebang else "") + text).encode()


def run(request: Mapping[str, Any]) -> None:
    """Write `output`."""
    script = request["script"]
    files = [file for path in request["entry_points"] for file in _files(path)]
    if len(files) != 1:
        raise UnknownScript(f"`entry_points_txt` gives {len(files)} files `{_NAME}`, and one is needed")
    try:
        points = parse_entry_points(_read(files[0])).console_scripts
    except MalformedEntryPoints as error:
        raise UnknownScript(f"`{_NAME}`: {error}") from error
    found = next((point for point in points if point.name == script), None)
    if found is None:
        known = ", ".join(f"`{point.name}`" for point in points) or "none"
        raise UnknownScript(f"`{_NAME}` has no console script `{script}`; it has {known}: set `script`")
    _check(found)
    with open(request["output"], "xb") as file:
        file.write(program_text(found.module, found.attribute, shebang=request["shebang"]))


def _files(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path] if os.path.basename(path) == _NAME else []
    return [os.path.join(directory, _NAME) for directory, _, names in os.walk(path) if _NAME in names]


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise UnknownScript(f"`{_NAME}` is larger than a mebibyte")
    return data


def _check(point: EntryPoint) -> None:
    if not all(part.isidentifier() for part in (*point.module.split("."), *point.attribute.split("."))):
        raise UnknownScript(f"`{_NAME}` says `{point}`, which is no `module:function`")
