"""Makes a directory that holds what an unpacked wheel does, and the bytecode of its modules.

    python -I -S -B compile_wheel.py REQUEST.json

The file stands alone: standard library only, any CPython from 3.9. What it makes depends on the wheel and on the
version of Python that runs it, not on places, the umask or the clock: files are hard links of those of the wheel, or
copies where links can't be made, and bytecode is of the unchecked-hash kind with paths relative to site-packages (the
import system sets the real path when it loads a module).

The request has `tree` and `output` (paths; the output is absent or an empty directory) and `python_version`, which is
that of the running interpreter: `3.12`, or `3.13t`. All directories of the output are read-only in the end. The result
has `grown`: of the output, the tree whose files it has, and the rows [path, "f", sha256, size] of those that it has
besides or in their place. `not_compiled` is a list of [path, reason].
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import json
import marshal
import operator
import os
import shutil
import struct
import sys
import threading
import types
import warnings
from collections.abc import Mapping

# Another device, too many links, or a file system (or a kernel's protection) that refuses links.
_NO_LINKS = (errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP)

# Strings of one character are shared by the whole process, and a bytecode file says whether they are interned. In a
# process that has run for a while some are, by accident; so that bytecode is always the same, all must be.
_CHARACTERS = [sys.intern(chr(code)) for code in range(256)]

# Warnings filters belong to the whole process, and compiling holds the interpreter lock anyway.
_COMPILING = threading.Lock()


class BadRequest(Exception):
    """A request that cannot be understood or cannot be carried out by this interpreter."""


def run(request: Mapping[str, object]) -> dict[str, object]:
    tree, output, version = (request.get(key) for key in ("tree", "output", "python_version"))
    if not (isinstance(tree, str) and isinstance(output, str) and isinstance(version, str)):
        raise BadRequest("the request needs `tree`, `output` and `python_version`")
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if version.rstrip("t") != running:
        raise BadRequest(f"bytecode of Python {version} can't be made by Python {running}")
    if os.path.isdir(output) and os.listdir(output):
        raise BadRequest(f"`{output}` is not empty")
    os.makedirs(output, exist_ok=True)
    sources, directories = _link_tree(tree, output, f"lib/python{version}/site-packages/")
    rows: list[tuple[str, str, str, int]] = []
    not_compiled: list[tuple[str, str]] = []
    for path, name in sources:
        with open(f"{tree}/{path}", "rb", buffering=0) as file:
            source = file.read()
        try:
            data = compiled(source, name)
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else error
            not_compiled.append((name, f"{type(error).__name__}: {reason}"))
            continue
        place = _bytecode_of(path)
        directories.add(os.path.dirname(place))
        _write(f"{output}/{place}", data)
        rows.append((place, "f", hashlib.sha256(data).hexdigest(), len(data)))
    for directory in directories:
        os.chmod(f"{output}/{directory}", 0o555)
    return {"grown": {output: [tree, rows]}, "not_compiled": not_compiled}


def compiled(source: bytes, path: str, *, optimize: int = 0, is_checked: bool = False) -> bytes:
    """A bytecode file (PEP 552), the same each time from Python 3.11 on; imports compare the source if `is_checked`.

    Older versions write sets in the order of their hashes, so they need PYTHONHASHSEED=0 as well.
    """
    with _COMPILING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(source, path, "exec", dont_inherit=True, optimize=optimize)
    flags = struct.pack("<I", 0b11 if is_checked else 0b01)
    header = importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source)
    return header + marshal.dumps(_with_sets_of_its_own(code))


def _with_sets_of_its_own(code: types.CodeType) -> types.CodeType:
    """The same code, in which no two constants are one frozenset.

    Whether the compiler makes one object of equal sets differs from process to process.
    """
    constants: list[object] = []
    for constant in code.co_consts:
        if isinstance(constant, frozenset):
            constants.append(frozenset(list(constant)))
        elif isinstance(constant, types.CodeType):
            constants.append(_with_sets_of_its_own(constant))
        else:
            constants.append(constant)
    if any(map(operator.is_not, constants, code.co_consts)):
        return code.replace(co_consts=tuple(constants))
    return code


def _link_tree(tree: str, output: str, site: str) -> tuple[list[tuple[str, str]], set[str]]:
    """Give every file of `tree` a name in `output`.

    Returns the modules below `site`, sorted, by both their paths, and all directories below the output.
    """
    sources: list[tuple[str, str]] = []
    directories: set[str] = set()
    pending = [""]
    while pending:
        inside = pending.pop()
        with os.scandir(f"{tree}/{inside}") as found:
            entries = list(found)
        from_directory = os.open(f"{tree}/{inside}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        to_directory = os.open(f"{output}/{inside}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    os.mkdir(entry.name, dir_fd=to_directory)
                    directories.add(inside + entry.name)
                    pending.append(f"{inside}{entry.name}/")
                    continue
                try:
                    os.link(
                        entry.name,
                        entry.name,
                        src_dir_fd=from_directory,
                        dst_dir_fd=to_directory,
                        follow_symlinks=False,
                    )
                except OSError as error:
                    if error.errno not in _NO_LINKS:
                        raise
                    shutil.copy2(entry.path, f"{output}/{inside}{entry.name}", follow_symlinks=False)
                if entry.name.endswith(".py") and inside.startswith(site):
                    path = inside + entry.name
                    sources.append((path, path[len(site) :]))
        finally:
            os.close(from_directory)
            os.close(to_directory)
    return sorted(sources), directories


def _bytecode_of(path: str) -> str:
    directory, _, name = path.rpartition("/")
    return f"{directory}/__pycache__/{name[:-3]}.{sys.implementation.cache_tag}.pyc"


def _write(path: str, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o444)
    except FileNotFoundError:
        os.mkdir(os.path.dirname(path))
        descriptor = os.open(path, flags, 0o444)
    except FileExistsError:
        # Bytecode that the wheel has brought, whatever it is of.
        os.unlink(path)
        descriptor = os.open(path, flags, 0o444)
    with open(descriptor, "wb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        os.fchmod(descriptor, 0o444)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: compile_wheel.py REQUEST.json", file=sys.stderr)
        return 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            request = json.load(file)
        if not isinstance(request, dict):
            raise BadRequest("the request is not an object")
        result = run(request)
    except (BadRequest, json.JSONDecodeError) as error:
        print(error, file=sys.stderr)
        return 1
    json.dump(result, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
