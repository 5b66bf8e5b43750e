"""Builds a wheel from a source tree by its own build backend (PEP 517).

    python -I -S -B build_source.py REQUEST.json

The file stands alone: standard library only, any CPython from 3.9. It is run by the interpreter that the wheel is for,
in a directory that holds nothing but what the build may see.

The request is an object with `source` (the tree), `output` (a directory), `site` (the site-packages of what builds it),
`backend` (`module:object`) and `backend_path` (directories of the tree, for a backend that lies in it). With `hook`
being `requires`, what the backend needs beyond its declared requirements is written to the file `answer`, as a list;
with `wheel`, the wheel is made in `output` and `answer` names it.
"""

from __future__ import annotations

import importlib
import json
import os
import site
import sys


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: build_source.py REQUEST.json", file=sys.stderr)
        return 2
    with open(arguments[0], encoding="utf-8") as file:
        request = json.load(file)
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
    if request["hook"] == "requires":
        hook = getattr(backend, "get_requires_for_build_wheel", None)
        answer: object = list(hook(None)) if hook is not None else []
    else:
        answer = backend.build_wheel(request["output"], None, None)
    with open(request["answer"], "w", encoding="utf-8") as file:
        json.dump(answer, file)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
