"""Makes interpreter trees from archives of relocatable CPythons, for this machine or for another kind."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from venvship.errors import UserError
from venvship.host.files import remove
from venvship.interpreters.contents import belongs_to_stdlib
from venvship.model.platform import PythonVersion
from venvship.repos.disk_tree import DiskTree
from venvship.repos.patches import Patch, apply_patch
from venvship.repos.unpacking import unpack

_KEPT = re.compile(r"(?:bin/python[^/]*|lib/lib[^/]*|lib/py|lib/python3[^/]*/.*|include/.*|LICENSE[^/]*|licenses/.*)\Z")
_LEFT_OUT = re.compile(r"(?:lib/[^/]*\.(?:a|sh)|.*\.pyc|bin/python[^/]*-config)\Z")


class MalformedRuntime(UserError):
    """An archive that does not hold a CPython of the version that it is for."""


def unpack_interpreter(
    archive: Path, into: Path, *, version: PythonVersion, shown: str, strip_prefix: str, patches: Iterable[Patch] = ()
) -> None:
    """Fill the new directory `into` with the prefix that the archive holds; raises BadPatch, too."""
    with tempfile.TemporaryDirectory(dir=into.parent) as scratch:
        unpack(archive, Path(scratch), kind="gz", shown=shown, strip_prefix=strip_prefix)
        for patch in patches:
            apply_patch(patch.content, DiskTree(Path(scratch)), strip=patch.strip, shown=patch.shown)
        into.mkdir()
        _move(Path(scratch), into)
    finish_interpreter(into, version=version, shown=f"the archive `{shown}`")


def finish_interpreter(into: Path, *, version: PythonVersion, shown: str) -> None:
    """Check that a tree holds a CPython, and give it its usual names; raises MalformedRuntime."""
    program = into / "bin" / version.directory
    if not program.is_file():
        remove(into)
        raise MalformedRuntime(f"no `bin/{version.directory}` is in {shown}")
    for name in ("python", "python3", f"python{version}"):
        link = into / "bin" / name
        if not link.exists() and not link.is_symlink():
            link.symlink_to(version.directory)


def _move(source: Path, into: Path) -> None:
    """Take over what belongs into an interpreter tree."""
    for directory, names, files in os.walk(source):
        for name in sorted(files + [one for one in names if os.path.islink(os.path.join(directory, one))]):
            path = os.path.join(directory, name)
            inner = os.path.relpath(path, source)
            if not belongs(inner):
                continue
            target = into / inner
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)


def belongs(path: str) -> bool:
    """Whether a file at `path` below a prefix is part of an interpreter tree."""
    if not _KEPT.match(path) or _LEFT_OUT.match(path):
        return False
    top, _, rest = path.partition("/")
    if top == "lib" and rest.startswith("python3") and "/" in rest:
        return belongs_to_stdlib(rest.partition("/")[2])
    return True
