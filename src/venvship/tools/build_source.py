"""Builds a wheel from a source tree by its own build backend (PEP 517).

    python -I -S -B build_source.py REQUEST.json

The file stands alone: standard library only, any CPython from 3.9. It is run by the interpreter that the wheel is for,
in a directory that holds nothing but what the build may see.

The request is an object with `source` (the tree), `output` (a directory), `site` (the site-packages of what builds it),
`backend` (`module:object`) and `backend_path` (directories of the tree, for a backend that lies in it). With `hook`
being `requires`, what the backend needs beyond its declared requirements is written to the file `answer`, as a list;
with `wheel`, the wheel is made in `output` and `answer` names it. `settings` are what the backend is asked for, lists
of texts by name. Where `memory` names a file, the most memory that this process and its children had together is
written there in bytes, and told meanwhile: a process that is killed for it tells nothing any more.
"""

from __future__ import annotations

import importlib
import json
import os
import site
import sys
import threading
from typing import Any

_INTERVAL_SECONDS = 0.1
_STEP = 256 << 20


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: build_source.py REQUEST.json", file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        request = json.load(file)
    if not request["memory"]:
        return _build(request)
    ended = threading.Event()
    watching = threading.Thread(target=_watch_memory, args=(request["memory"], ended), daemon=True)
    watching.start()
    try:
        return _build(request)
    finally:
        ended.set()
        watching.join()


def _build(request: dict[str, Any]) -> int:
    os.chdir(request["source"])
    for directory in request["site"]:
        site.addsitedir(directory)
    sys.path[:0] = [os.path.join(request["source"], path) for path in request["backend_path"]]
    # Build scripts look at their own arguments, as if they were programs.
    sys.argv = ["setup.py"]
    module, _, attributes = request["backend"].partition(":")
    backend = importlib.import_module(module)
    for attribute in attributes.split(".") if attributes else ():
        backend = getattr(backend, attribute)
    # One text is given as it is, as `pip` and `build` do.
    settings = {name: texts[0] if len(texts) == 1 else texts for name, texts in request["settings"].items()} or None
    if request["hook"] == "requires":
        hook = getattr(backend, "get_requires_for_build_wheel", None)
        answer: object = list(hook(settings)) if hook is not None else []
    else:
        answer = backend.build_wheel(request["output"], settings, None)
    with open(request["answer"], "w", encoding="utf-8") as file:
        json.dump(answer, file)
    return 0


def _watch_memory(path: str, ended: threading.Event) -> None:
    peak = told = 0
    while True:
        last = ended.wait(_INTERVAL_SECONDS if peak else 0)
        peak = max(peak, _memory_of_tree(os.getpid()))
        if peak and (not told or peak >= told + _STEP):
            told = peak
            _tell_memory(path, "memory in use", peak)
        if last:
            if peak:
                _tell_memory(path, "most memory in use", peak)
            return


def _tell_memory(path: str, what: str, size: int) -> None:
    print(f"{what}: {size >> 20} MiB", flush=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(size))


def _memory_of_tree(root: int) -> int:
    """What a process and those that it started have in memory, in bytes; 0 where the system does not tell."""
    sizes: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return 0
    for name in names:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The name of the program is in parentheses and may have any character.
                    rest = file.read().rpartition(b")")[2].split()
                children.setdefault(int(rest[1]), []).append(int(name))
                sizes[int(name)] = int(rest[21]) * os.sysconf("SC_PAGE_SIZE")
            except (OSError, ValueError, IndexError):
                continue  # it has ended meanwhile
    pending, total = [root], 0
    while pending:
        process = pending.pop()
        total += sizes.get(process, 0)
        pending += children.get(process, ())
    return total


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
