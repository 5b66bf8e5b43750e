"""Looks whether programs find what they need in the base of their image: libraries, and versions of their symbols.

The request holds `base` (a tree as `tools.debian_root` writes it, a directory for each package), `programs` (a list of
`tree`, a path, and `name`) and `output`, an empty file that is made when all is well. A library that the base lacks
matters where the interpreter itself, or a module that nearly everything imports, needs it. Versions matter for every
file, because the loader starts nothing that asks for a version which a library does not have.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from venvship.archives.elf import MAGIC, ElfFacts, MalformedElf, SymbolVersions, read_elf, read_symbol_versions

_LIBRARY = re.compile(r"[^/]*\.so(?:\.[^/]*)?\Z")
_ESSENTIAL = re.compile(
    r"(?:.*/)?(?:bin/python[0-9.]*t?|libpython[^/]*|"
    r"(?:_bz2|_ctypes|_decimal|_hashlib|_lzma|_socket|_sqlite3|_ssl|_struct|math|zlib)\.[^/]*so)\Z"
)
_NUMBERS = re.compile(r"[0-9]+")
_SHOWN = 12


class UnfitBase(ValueError):
    """Programs that can't be started on the base of an image."""

    user_error = True

    def __init__(self, lines: list[str]) -> None:
        more = [f"  and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
        super().__init__(
            "the base of the image lacks what programs in it need:\n"
            + "\n".join([*(f"  {line}" for line in lines[:_SHOWN]), *more])
            + "\nTake packages of a newer release or those that are missing, or an interpreter and wheels for an older "
            "system."
        )


class _Provided(NamedTuple):
    package: str
    machine: str
    versions: SymbolVersions


class _File(NamedTuple):
    """An open ELF file, read at any offset."""

    descriptor: int

    def read_at(self, offset: int, size: int) -> bytes:
        return os.pread(self.descriptor, size, offset)


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the output; raises UnfitBase with everything that is missing."""
    base = dict(_provided(str(request["base"])))
    machines = {one.machine for one in base.values()}
    lines = [line for program in request["programs"] for line in _missing(program, base, machines)]
    if lines:
        raise UnfitBase(sorted(set(lines)))
    with open(request["output"], "wb"):
        return {}


def _provided(root: str) -> Iterator[tuple[str, _Provided]]:
    for path in _files(root):
        found = _read(path)
        if found is not None and _LIBRARY.match(os.path.basename(path)):
            package = os.path.relpath(path, root).split(os.sep)[0]
            facts, versions = found
            for name in {os.path.basename(path), facts.soname or ""} - {""}:
                yield name, _Provided(package, facts.machine, versions)


def _missing(program: Mapping[str, Any], base: Mapping[str, _Provided], machines: set[str]) -> Iterator[str]:
    root = str(program["tree"])
    files = {path: found for path in _files(root) if (found := _read(path)) is not None}
    own = {os.path.basename(path) for path in files} | {facts.soname for facts, _ in files.values()}
    for path in sorted(files):
        facts, versions = files[path]
        if facts.machine not in machines:
            continue  # test data of some wheels
        shown = f"{os.path.relpath(path, root)} of {program['name']}"
        for library in facts.needed:
            if library in own or "/" in library:
                continue
            if library not in base:
                if _ESSENTIAL.match(path):
                    yield f"{shown} needs {library}, which no package has"
                continue
            there = base[library]
            lacking = set(versions.needed.get(library, ())) - set(there.versions.defined)
            if lacking and there.versions.defined:
                wanted = ", ".join(sorted(lacking, key=_order))
                yield f"{shown} needs {wanted} of {library}, which {there.package} has up to {_newest(there, lacking)}"


def _newest(there: _Provided, lacking: set[str]) -> str:
    """The last of the versions that are called as the lacking ones are."""
    kinds = {version.partition("_")[0] for version in lacking}
    alike = [version for version in there.versions.defined if version.partition("_")[0] in kinds]
    return max(alike or there.versions.defined, key=_order)


def _order(version: str) -> list[int]:
    return [int(digits[:9]) for digits in _NUMBERS.findall(version)]


def _files(root: str) -> Iterator[str]:
    for directory, names, files in os.walk(root):
        names.sort()
        for name in sorted(files):
            path = os.path.join(directory, name)
            if (".so" in name or "/bin" in directory) and not os.path.islink(path):
                yield path


def _read(path: str) -> tuple[ElfFacts, SymbolVersions] | None:
    """None for what is no ELF file, or a damaged one, which some wheels have among their tests."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if os.pread(descriptor, len(MAGIC), 0) != MAGIC:
            return None
        return read_elf(_File(descriptor)), read_symbol_versions(_File(descriptor))
    except MalformedElf:
        return None
    finally:
        os.close(descriptor)
