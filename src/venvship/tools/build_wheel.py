"""Builds a wheel out of files; the same input gives the same bytes.

The request has `output`, `distribution`, `version`, `tag`, `purelib`, `compress`, `files` (rows of `path`, `file` and
`executable`), `metadata` (lines of METADATA before the description), `requires_files` (rows of `file` and `extra`),
`description` (a file or null), `entry_points` (text), `extra_dist_info` (rows of `path` and `file`).
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_EPOCH = (1980, 1, 1, 0, 0, 0)
_GENERATOR = "venvship"
_OTHER_FILE = re.compile(r"(-r|-e|--requirement|--editable)\b")
# The name of a distribution with its extras, and what may follow these.
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*(?=$|[;@(<>=!~])")


class DoubleEntry(Exception):
    """Two files want one path of the wheel."""

    user_error = True

    def __init__(self, path: str) -> None:
        super().__init__(f"two files want to be `{path}` in the wheel")


class NoRequirement(Exception):
    """A line of a requirements file that says nothing which metadata could say."""

    user_error = True

    def __init__(self, file: str, number: int, line: str) -> None:
        told = "names another file, which is not read" if line.startswith("-") else "is no requirement"
        super().__init__(f"{os.path.basename(file)}:{number}: `{line}` {told}")


def run(request: Mapping[str, Any]) -> None:
    name = re.sub(r"[-_.]+", "_", request["distribution"]).lower()
    dist_info = f"{name}-{request['version']}.dist-info"
    members: dict[str, tuple[bytes, bool]] = {}

    def add(path: str, content: bytes, executable: bool = False) -> None:
        if path in members:
            raise DoubleEntry(path)
        members[path] = (content, executable)

    for row in request["files"]:
        for path, file in _files(row["path"].replace("{data}", f"{name}-{request['version']}.data"), row["file"]):
            add(path, _content(file), os.access(file, os.X_OK) and not file.endswith((".py", ".pyi")))
    for row in request["extra_dist_info"]:
        add(f"{dist_info}/{row['path']}", _content(row["file"]))
    add(f"{dist_info}/METADATA", _metadata(request))
    wheel = [
        "Wheel-Version: 1.0",
        f"Generator: {_GENERATOR}",
        f"Root-Is-Purelib: {str(request['purelib']).lower()}",
        *(f"Tag: {tag}" for tag in _tags(request["tag"])),
    ]
    add(f"{dist_info}/WHEEL", _lines(wheel))
    if request["entry_points"]:
        add(f"{dist_info}/entry_points.txt", request["entry_points"].encode())
    record = f"{dist_info}/RECORD"
    # The metadata comes last, as installers and indexes look for it at the end.
    ordered = sorted(members, key=lambda path: (path.startswith(f"{dist_info}/"), path))
    rows = [f"{_quoted(path)},sha256={_hash(members[path][0])},{len(members[path][0])}" for path in ordered]
    members[record] = (_lines([*rows, f"{_quoted(record)},,"]), False)
    compression = zipfile.ZIP_DEFLATED if request["compress"] else zipfile.ZIP_STORED
    with zipfile.ZipFile(request["output"], "w") as archive:
        for path in (*ordered, record):
            content, executable = members[path]
            info = zipfile.ZipInfo(path, _EPOCH)
            info.compress_type = compression
            info.create_system = 3
            info.external_attr = (0o100755 if executable else 0o100644) << 16
            archive.writestr(info, content)


def _files(path: str, file: str) -> Iterator[tuple[str, str]]:
    """A file, or all files below a directory."""
    if not os.path.isdir(file):
        yield path, file
        return
    for directory, names, found in os.walk(file):
        names.sort()
        for name in sorted(found):
            inside = os.path.relpath(os.path.join(directory, name), file).replace(os.sep, "/")
            yield f"{path.rstrip('/')}/{inside}", os.path.join(directory, name)


def _metadata(request: Mapping[str, Any]) -> bytes:
    lines = list(request["metadata"])
    for row in request["requires_files"]:
        lines += [f"Requires-Dist: {with_extra(each, row['extra'])}" for each in _requirements(row["file"])]
    text = _lines(lines)
    if request["description"]:
        text += b"\n" + _content(request["description"])
    return text


def _requirements(file: str) -> Iterator[str]:
    """What a requirements file of pip's asks for; how it is to be found means nothing to metadata."""
    begun, number = "", 0
    for at, line in enumerate(_content(file).decode().splitlines(), 1):
        number = number if begun else at
        if line.endswith("\\"):
            begun += line[:-1] + " "
            continue
        requirement = (begun + line).partition(" #")[0].partition(" --")[0].strip()
        begun = ""
        if _OTHER_FILE.match(requirement):
            raise NoRequirement(file, number, requirement)
        if requirement and not requirement.startswith(("#", "-")):
            if not _REQUIREMENT.match(requirement):
                raise NoRequirement(file, number, requirement)
            yield requirement


def with_extra(requirement: str, extra: str) -> str:
    """A requirement that holds for an extra only."""
    if not extra:
        return requirement
    head, semicolon, marker = requirement.partition(";")
    condition = f"({marker.strip()}) and extra == '{extra}'" if semicolon else f"extra == '{extra}'"
    return f"{head.strip()} ; {condition}"


def _tags(tag: str) -> list[str]:
    pythons, abis, platforms = tag.split("-")
    return [
        f"{python}-{abi}-{platform}"
        for python in pythons.split(".")
        for abi in abis.split(".")
        for platform in platforms.split(".")
    ]


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _lines(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def _quoted(path: str) -> str:
    return '"' + path.replace('"', '""') + '"' if any(character in path for character in ',"') else path
