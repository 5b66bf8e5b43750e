"""Takes absolute places out of ELF files and of the build variables of `sysconfig`.

A RUNPATH is rewritten where it is: the new text is not longer than the old one and the rest is filled with NULs, so
that no offset in the file changes. The name of the library that an executable needs becomes a path instead, which the
loader of glibc expands as well: its maker may have relied on `ldconfig`, and with a RUNPATH each start of a program
would look for that library in a dozen directories first. A RUNPATH that then leads to nothing is taken out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from typing import Final

from venvship.archives.elf import NameString, read_elf
from venvship.errors import EnvironmentProblem
from venvship.model.paths import TreePath, basename, parent, relative_link

PLACEHOLDER: Final = "/venvship-prefix"

LIBRARY_ALIAS: Final = TreePath("lib/py")
"""A link to `libpython` with a short name, for executables without a RUNPATH."""


class NotRelocatable(EnvironmentProblem):
    """An interpreter of the machine can't be moved."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"the interpreter's file `{path}` can't be made relocatable: {reason}",
            hint="use another interpreter of this version, for example one of `uv python install`",
        )


def relocated(data: bytes, path: TreePath, *, shared_library: str, libraries: Collection[str] = ()) -> bytes:
    """The ELF file `data`, for its place at `path` of a tree whose libraries lie in `lib`.

    `shared_library` is the name of `libpython`, or `""` when there is none; `libraries` are the names of all that lie
    in `lib`. Raises MalformedElf or NotRelocatable.
    """
    facts = read_elf(data)
    edited = bytearray(data)
    for string in (*facts.rpath_strings, *facts.runpath_strings):
        if any(directory.startswith("/") for directory in string.text.split(":")):
            _replace(edited, string, origin_of_libraries(path), path)
    # An extension module finds the library loaded already; only an executable must find it.
    if parent(path) == "bin" and needs_alias(data, shared_library=shared_library):
        [string] = [string for string in facts.needed_strings if string.text == shared_library]
        _replace(edited, string, _origin(path, LIBRARY_ALIAS), path)
    others = set(facts.needed) - {shared_library}
    if path == f"lib/{shared_library}" or (parent(path) == "bin" and needs_alias(data, shared_library=shared_library)):
        for place in facts.runpath_tags if others.isdisjoint(libraries) else ():
            if edited[place : place + len(_RUNPATH)] == _RUNPATH:
                edited[place : place + len(_RUNPATH)] = _IGNORED
    return bytes(edited)


# Tags of 64-bit files with the least byte first; the second is one that loaders don't know and therefore skip.
_RUNPATH: Final = (29).to_bytes(8, "little")
_IGNORED: Final = (0x6000_001D).to_bytes(8, "little")


def needs_alias(data: bytes, *, shared_library: str) -> bool:
    """Whether an executable finds `libpython` by `LIBRARY_ALIAS`: it must without a RUNPATH, and may under glibc."""
    facts = read_elf(data)
    if not shared_library or shared_library not in facts.needed or facts.rpaths:
        return False
    expands = basename(TreePath(facts.interpreter or "")).startswith("ld-linux")
    fits = len(_origin(TreePath("bin/any"), LIBRARY_ALIAS)) <= len(shared_library)
    return not facts.runpaths or (expands and fits)


def origin_of_libraries(path: TreePath) -> str:
    """The RUNPATH with which the file at `path` finds `lib`.

    >>> origin_of_libraries(TreePath("bin/python3.12")), origin_of_libraries(TreePath("lib/libpython3.12.so.1.0"))
    ('$ORIGIN/../lib', '$ORIGIN')
    """
    return parent(_origin(path, TreePath("lib/any")))


def _origin(path: TreePath, target: TreePath) -> str:
    return "$ORIGIN/" + relative_link(path, target)


def _replace(edited: bytearray, string: NameString, text: str, path: TreePath) -> None:
    old, new = string.text.encode("utf-8", "surrogateescape"), text.encode()
    if len(new) > len(old):
        raise NotRelocatable(path, f"`{text}` is longer than `{string.text}`, which it would replace")
    edited[string.offset : string.offset + len(old)] = new.ljust(len(old), b"\0")


def relocated_build_variables(text: str, *, prefixes: tuple[str, ...], name: str) -> str:
    """The module `_sysconfigdata*` with every mention of `prefixes` following the interpreter's place.

    Compilers need these variables to build extension modules, so they are kept, without the directories of the
    machine that the interpreter was built on.
    """
    variables = _literal(text, name)
    built_in = [value for key in ("abs_srcdir", "abs_builddir") if isinstance(value := variables.get(key), str)]
    mentions = _mentions(prefixes)
    plain = {}
    for key in sorted(key for key in variables if not key.startswith("WASM_")):
        value = variables[key]
        if isinstance(value, str):
            for directory in sorted(filter(None, built_in), key=len, reverse=True):
                value = value.replace(directory, "/build")
            value = mentions.sub(PLACEHOLDER, value)
        plain[key] = value
    rows = "".join(f" {key!r}: {value!r},\n" for key, value in plain.items())
    return (
        "# Variables of the build; the prefix is where the interpreter is now.\n"
        "import sys as _sys\n"
        f"build_time_vars = {{\n{rows}}}\n"
        "for _name, _value in build_time_vars.items():\n"
        f"    if isinstance(_value, str) and {PLACEHOLDER!r} in _value:\n"
        f"        build_time_vars[_name] = _value.replace({PLACEHOLDER!r}, _sys.base_prefix)\n"
        "del _sys, _name, _value\n"
    )


_SHARED_PREFIXES = ("/usr", "/usr/local")
# A prefix that the whole system shares is replaced only where Python's own directories follow.
_OWN_DIRECTORIES = r"(?=/(?:bin|include/python|lib/python|lib/libpython)|\Z|[\s'\":])"
_END_OF_NAME = r"(?![\w.-])"


def _mentions(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    choices = "|".join(
        re.escape(prefix.rstrip("/")) + (_OWN_DIRECTORIES if prefix in _SHARED_PREFIXES else _END_OF_NAME)
        for prefix in sorted(set(prefixes), key=len, reverse=True)
    )
    return re.compile(rf"(?:(?<![\w./-])|(?<=-[ILR]))(?:{choices})")


def _literal(text: str, name: str) -> Mapping[str, object]:
    try:
        for statement in ast.parse(text).body:
            match statement:
                case ast.Assign(targets=[ast.Name("build_time_vars")], value=value):
                    found = ast.literal_eval(value)
                    if isinstance(found, dict):
                        return found
    except (SyntaxError, ValueError, RecursionError) as error:
        raise NotRelocatable(name, f"it is no module of build variables: {error}") from error
    raise NotRelocatable(name, "it has no build_time_vars")
