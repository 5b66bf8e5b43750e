"""The identity of a tool: a digest over its source and that of every module of ours that it imports."""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path

import venvship
from venvship.errors import InternalError

_IMPORT = re.compile(rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]+(\([^)]*\)|[^\n]*)", re.MULTILINE)
_NAME = re.compile(rb"[\w.]+")


@functools.cache
def tool_source_digest(tool: str) -> str:
    """Changes when anything changes that can change what the tool `tool` makes; raises InternalError for no tool."""
    package = Path(venvship.__path__[0])
    start = package / "tools" / f"{tool}.py"
    if not tool.isidentifier() or not start.is_file():
        raise InternalError(f"there is no tool `{tool}`")
    sources: dict[str, bytes] = {}
    pending = [start]
    while pending:
        path = pending.pop()
        name = path.relative_to(package).as_posix()
        if name in sources:
            continue
        sources[name] = path.read_bytes()
        pending += _imported(package, sources[name])
    hasher = hashlib.sha256()
    for name in sorted(sources):
        hasher.update(f"{name} {len(sources[name])}\n".encode())
        hasher.update(sources[name])
    return hasher.hexdigest()


def _imported(package: Path, source: bytes) -> list[Path]:
    found: list[Path] = []
    for match in _IMPORT.finditer(source):
        module = (match[1] or b"").decode()
        names = [name.decode() for name in _NAME.findall(match[2])]
        candidates = [module, *(f"{module}.{name}" for name in names)] if module else names
        for candidate in candidates:
            parts = candidate.split(".")
            # Tools that also run as plain files name their siblings without the package.
            relative = parts[1:] if parts[0] == "venvship" else ["tools", *parts]
            path = package.joinpath(*relative).with_suffix(".py")
            if relative and path.is_file():
                found.append(path)
    return found
