"""Arithmetic on the paths of a build, which are strings with types of their own.

A large build has very many paths, and `PurePosixPath` is twenty times slower to make; `pathlib` appears where a path
meets a disk.
"""

from __future__ import annotations

from typing import NewType

ExecPath = NewType("ExecPath", str)
"""Where an artifact lies below the execution root."""

TreePath = NewType("TreePath", str)
"""Where an entry lies inside a venv, a runfiles tree or a layer."""


def join(*parts: str) -> str:
    """Join with `/`, leaving out empty parts."""
    return "/".join(filter(None, parts))


def parent(path: str) -> str:
    """The directory of a relative path; `""` for a name without one."""
    return path.rpartition("/")[0]


def basename(path: str) -> str:
    return path.rpartition("/")[2]


def normalise(path: str) -> str:
    """Resolve `.`, `..` and doubled slashes of a relative path.

    Raises ValueError when the path is absolute or leaves its start.

    >>> normalise("a/./b/../c//d")
    'a/c/d'
    """
    if path.startswith("/"):
        raise ValueError(f"absolute path {path!r}")
    # Most paths are as they should be.
    if not path.startswith(".") and "/." not in path and "//" not in path and not path.endswith("/"):
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            raise ValueError(f"path {path!r} leaves its start")
    return "/".join(parts)


def is_inside(path: str, directory: str) -> bool:
    """Whether `path` is `directory` or lies below it; `""` holds everything."""
    return not directory or path == directory or path.startswith(directory + "/")


def relative_link(link: str, target: str) -> str:
    """The text of a symlink at `link` that leads to `target`, both relative to one root.

    >>> relative_link("venv/lib/site-packages/six.py", "wheels/six/six.py")
    '../../../wheels/six/six.py'
    """
    here = link.split("/")[:-1]
    there = target.split("/")
    common = 0
    while common < min(len(here), len(there) - 1) and here[common] == there[common]:
        common += 1
    return "/".join([".."] * (len(here) - common) + there[common:])
