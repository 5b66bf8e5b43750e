"""Takes files out of a wheel, or puts a wheel under its own name into a directory.

The request has `wheel`, `output` (a directory), and either `name`, under which the wheel is put there whole, or
`pattern`, a regular expression for the paths of the files that are taken out; an empty one takes all.
"""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Mapping
from typing import Any


class UnsafeMember(Exception):
    """A wheel has a file that would lie outside of it."""

    user_error = True

    def __init__(self, path: str) -> None:
        super().__init__(f"the wheel holds `{path}`, which leads out of it")


class NothingFound(Exception):
    """A pattern fits no file of a wheel."""

    user_error = True

    def __init__(self, pattern: str) -> None:
        super().__init__(f"no file of the wheel fits the pattern `{pattern}`")


def run(request: Mapping[str, Any]) -> None:
    output = request["output"]
    os.makedirs(output, exist_ok=True)
    if request.get("name"):
        shutil.copyfile(request["wheel"], os.path.join(output, request["name"]))
        return
    pattern = re.compile(request["pattern"])
    with zipfile.ZipFile(request["wheel"]) as archive:
        found = [info for info in archive.infolist() if not info.is_dir() and pattern.search(info.filename)]
        if not found:
            raise NothingFound(request["pattern"])
        for info in found:
            parts = info.filename.split("/")
            if info.filename.startswith("/") or "\\" in info.filename or any(part in ("", ".", "..") for part in parts):
                raise UnsafeMember(info.filename)
            path = os.path.join(output, *parts)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(info) as source, open(path, "xb") as target:
                shutil.copyfileobj(source, target)
