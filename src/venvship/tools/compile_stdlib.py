"""Compiles the modules of an interpreter tree, under that interpreter.

    python -S -s -B compile_stdlib.py ROOT DIRECTORY NUMBER COUNT

compiles every COUNT-th group of modules below DIRECTORY of the tree at ROOT, beginning with NUMBER. Bytecode is of the
unchecked-hash kind, and names its source by the path inside the tree, so it depends on nothing but the sources. Groups
are top-level names and their number is fixed by the caller, because what a process compiled before may show in what it
writes (interned strings).
"""

from __future__ import annotations

import os
import py_compile
import sys


def compile_group(root: str, directory: str, number: int, count: int) -> list[str]:
    """Compile one group; the paths of what is no valid source, which is left without bytecode."""
    failed = []
    tops = sorted(set(os.listdir(os.path.join(root, directory))) - {"__pycache__"})
    for index, top in enumerate(tops):
        if index % count == number:
            for source in _sources(root, directory + "/" + top):
                try:
                    py_compile.compile(
                        os.path.join(root, source),
                        dfile=source,
                        doraise=True,
                        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                    )
                except py_compile.PyCompileError:
                    failed.append(source)
    return failed


def _sources(root: str, path: str) -> list[str]:
    full = os.path.join(root, path)
    if os.path.islink(full):
        return []
    if not os.path.isdir(full):
        return [path] if path.endswith(".py") else []
    found = []
    for name in sorted(os.listdir(full)):
        if name != "__pycache__":
            found += _sources(root, path + "/" + name)
    return found


def main() -> None:
    root, directory, number, count = sys.argv[1:]
    for path in compile_group(root, directory, int(number), int(count)):
        print(path)


if __name__ == "__main__":
    main()
