"""Imports an interpreter of this machine into a directory that works at any place, and in an image.

What belongs into the tree is decided in `venvship.interpreters`; here it is read, copied, edited and compiled, and the
result is tried. The same installation gives the same bytes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import venvship.tools.compile_stdlib as compile_stdlib
from venvship.archives.elf import is_elf, read_elf
from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem
from venvship.host.arrivals import results
from venvship.interpreters.binding import bound
from venvship.interpreters.contents import belongs_to_stdlib
from venvship.interpreters.facts import InterpreterFacts
from venvship.interpreters.relocation import (
    LIBRARY_ALIAS,
    needs_alias,
    relocated,
    relocated_build_variables,
)
from venvship.interpreters.stripping import stripped
from venvship.model.paths import TreePath, parent
from venvship.repos.host_interpreters import HostInterpreter

# Fixed, because the number shows in the bytes; so many processes run at most at once.
_COMPILE_GROUPS = 4

_ESSENTIAL = ("ssl", "sqlite3", "ctypes", "lzma", "bz2", "zlib", "decimal", "hashlib")

_TRIAL = """\
import json, sys
missing = []
for name in sys.argv[1:]:
    try:
        __import__(name)
    except ImportError as error:
        missing.append(f"{name}: {error}")
mapped = []
try:
    with open("/proc/self/maps") as maps:
        mapped = sorted({line.split(None, 5)[5].strip() for line in maps if "/" in line})
except OSError:
    pass
print(json.dumps({"prefix": sys.base_prefix, "path": sys.path, "missing": missing, "mapped": mapped}))
"""


class BrokenImport(EnvironmentProblem):
    """An imported interpreter does not run as it should from its new place."""

    def __init__(self, host: HostInterpreter, reason: str) -> None:
        super().__init__(
            f"the interpreter `{host.path}` does not work when it is moved: {reason}",
            hint=f"use another CPython {host.facts.version}, for example one of `uv python install`",
        )


@dataclass(frozen=True, slots=True)
class ImportedInterpreter:
    """An interpreter tree: its facts, its executable inside the tree, and modules that the machine has not built."""

    facts: InterpreterFacts
    executable: TreePath
    missing_modules: tuple[str, ...] = ()


def import_interpreter(host: HostInterpreter, into: Path) -> ImportedInterpreter:
    """Fill the new directory `into` with a relocatable copy; raises BrokenImport or NotRelocatable."""
    copy = _Copy(host.facts, into)
    name = f"python{host.facts.python.major}.{host.facts.python.minor}"
    executable = TreePath(f"bin/{name}{'t' if host.facts.freethreaded else ''}")
    copy.program(host.path, executable)
    links = ["bin/python", "bin/python3", f"bin/{name}"]
    for link in links:
        if link != executable:
            os.symlink(executable.rpartition("/")[2], into / link)
    copy.stdlib(Path(host.facts.stdlib), Path(host.facts.platstdlib))
    copy.headers(Path(host.facts.include))
    compile_modules(into / executable, into, f"lib/{host.facts.python.directory}")
    missing = _try(host, into, executable)
    return ImportedInterpreter(host.facts, executable, missing)


class _Copy:
    """Copies files of one installation to their places in the tree, editing what names the old place."""

    def __init__(self, facts: InterpreterFacts, into: Path) -> None:
        self._facts = facts
        self._into = into
        self._libraries: set[str] = set()

    def program(self, source: Path, path: TreePath) -> None:
        data = source.read_bytes()
        if is_elf(data) and needs_alias(data, shared_library=self._facts.shared_library):
            self._symlink(LIBRARY_ALIAS, self._facts.shared_library)
        self._write(path, data, executable=True)
        library = self._facts.shared_library
        if is_elf(data) and library in read_elf(data).needed:
            self._library(Path(self._facts.library_directory) / library)

    def stdlib(self, stdlib: Path, platstdlib: Path) -> None:
        top = f"lib/{self._facts.python.directory}"
        for root in dict.fromkeys((stdlib, platstdlib)):
            for inner, source in _files(root):
                if belongs_to_stdlib(inner):
                    self._module(root, inner, source, TreePath(f"{top}/{inner}"))

    def headers(self, include: Path) -> None:
        for inner, source in _files(include):
            self._write(TreePath(f"include/{self._facts.python.directory}/{inner}"), source.read_bytes())

    def _module(self, root: Path, inner: str, source: Path, path: TreePath) -> None:
        if (self._into / path).exists():
            return
        if source.is_symlink():
            text = os.readlink(source)
            inside = os.path.normpath(os.path.join(os.path.dirname(inner), text))
            if not os.path.isabs(text) and not inside.startswith("..") and (root / inside).is_file():
                self._symlink(path, text)
                return
        data = source.read_bytes()
        if path.rpartition("/")[2].startswith("_sysconfigdata") and path.endswith(".py"):
            prefixes = (self._facts.prefix, self._facts.exec_prefix)
            data = relocated_build_variables(data.decode(), prefixes=prefixes, name=str(source)).encode()
        self._write(path, data)

    def _write(self, path: TreePath, data: bytes, *, executable: bool = False) -> None:
        if is_elf(data):
            self._libraries_of(data)
            library = self._facts.shared_library
            data = stripped(relocated(data, path, shared_library=library, libraries=self._libraries))
            if path == f"lib/{library}":
                data = bound(data)
        target = self._into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(0o755 if executable else 0o644)

    def _symlink(self, path: TreePath, text: str) -> None:
        target = self._into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(text)

    def _libraries_of(self, data: bytes) -> None:
        """Libraries that lie where an absolute RUNPATH leads come along; those of the system do not."""
        facts = read_elf(data)
        for directory in (*facts.runpaths, *facts.rpaths):
            if directory.startswith("/"):
                for name in facts.needed:
                    if "/" not in name and (Path(directory) / name).is_file():
                        self._library(Path(directory) / name)

    def _library(self, source: Path) -> None:
        if source.name not in self._libraries:
            self._libraries.add(source.name)
            self._write(TreePath(f"lib/{source.name}"), source.read_bytes())


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    """Files and links to files below `root`, sorted; links to directories are followed by nobody."""
    for directory, names, files in os.walk(root):
        names.sort()
        for name in sorted(files):
            path = Path(directory, name)
            if path.is_file():
                yield path.relative_to(root).as_posix(), path


def _environment() -> dict[str, str]:
    # A fixed seed, because the order of a set may show in bytecode.
    return {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}


def starts(executable: Path) -> bool:
    """Whether an interpreter runs on this machine, which may lack the C library that it was made for."""
    try:
        done = subprocess.run(
            [executable, "-I", "-S", "-B", "-c", ""],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def compile_modules(executable: Path, root: Path, directory: str) -> None:
    """Compile the modules of a tree with an interpreter of the same minor version."""

    def run(number: int) -> None:
        script = [compile_stdlib.__file__, str(root), directory, str(number), str(_COMPILE_GROUPS)]
        done = subprocess.run(
            [executable, "-S", "-s", "-B", *script], env=_environment(), stdin=subprocess.DEVNULL, capture_output=True
        )
        if done.returncode != 0:
            raise EnvironmentProblem(
                f"`{executable}` can't compile its modules: {done.stderr.decode(errors='replace')}"
            )

    with ThreadPoolExecutor(min(_COMPILE_GROUPS, os.cpu_count() or 1)) as pool:
        results(pool, run, range(_COMPILE_GROUPS))


def _try(host: HostInterpreter, root: Path, executable: TreePath) -> tuple[str, ...]:
    done = subprocess.run(
        [root / executable, "-I", "-B", "-c", _TRIAL, *_ESSENTIAL],
        env=_environment(),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    if done.returncode != 0:
        raise BrokenImport(host, done.stderr.decode(errors="replace").strip())
    answer = json.loads(done.stdout)
    if os.path.realpath(answer["prefix"]) != os.path.realpath(root):
        raise BrokenImport(host, f"it takes `{answer['prefix']}` for its prefix")
    outside = [path for path in answer["path"] if not os.path.realpath(path).startswith(os.path.realpath(root))]
    if outside:
        raise BrokenImport(host, f"it imports from {', '.join(outside)}")
    old = [path for path in answer["mapped"] if "python" in parent(path) and path.startswith(host.facts.prefix + "/")]
    if old:
        raise BrokenImport(host, f"it still loads {', '.join(old)}")
    return tuple(answer["missing"])


def remove_interpreter(root: Path) -> None:
    """Take away what a failed import left."""
    shutil.rmtree(root, ignore_errors=True)
