"""Copies some files of a directory into a new one.

The request has `tree` and `output` (paths) and `globs`: patterns of paths below `tree`, in which `*` stays in one
directory and `**` does not. A pattern that begins with `!` takes files out again. Files keep their exec bits.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence

from venvship.tools.install_wheel import BadRequest, Matcher


def run(request: Mapping[str, object]) -> dict[str, object]:
    tree, output, globs = request.get("tree"), request.get("output"), request.get("globs")
    if not isinstance(tree, str) or not isinstance(output, str) or not isinstance(globs, Sequence):
        raise BadRequest("the request needs `tree`, `output` and `globs`")
    patterns = [str(glob) for glob in globs]
    chosen = Matcher(pattern for pattern in patterns if not pattern.startswith("!"))
    left_out = Matcher(pattern[1:] for pattern in patterns if pattern.startswith("!"))
    os.makedirs(output, exist_ok=True)
    for path in _files(tree):
        if chosen(path) and not left_out(path):
            target = os.path.join(output, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(os.path.join(tree, path), target)
            os.chmod(target, os.stat(os.path.join(tree, path)).st_mode & 0o777)
    return {}


def _files(root: str) -> Iterator[str]:
    for directory, names, files in os.walk(root):
        names.sort()
        for name in sorted(files):
            yield os.path.relpath(os.path.join(directory, name), root)
