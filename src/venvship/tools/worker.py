"""Runs tools one after another in one process, which stays warm.

    python -I -S -B worker.py [PACKAGE=DIRECTORY ...]

A line of JSON on stdin, `{"tool": name, "request": {...}}`, is answered by one on stdout: `{"result": {...}}` or
`{"error": {"type": ..., "message": ..., "user_error": ..., "traceback": ...}}`. The process ends with its stdin.
With `environment`, its variables take the place of the worker's own while the tool runs.
What tools print goes to stderr, and what they read comes from an empty file, so that no tool can break the protocol.

Each PACKAGE is importable from DIRECTORY beside the standard library, for packages that make tools faster. One that was
built for another version of Python is left out.
Runs under any CPython from 3.8.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import sys
import traceback
import types
from collections.abc import Iterator
from typing import IO, Any

_HERE = os.path.dirname(os.path.abspath(__file__))


def main() -> None:
    requests, answers = _take_streams()
    _lend_package("venvship", os.path.dirname(_HERE))
    _lend_package("venvship.tools", _HERE)
    for argument in sys.argv[1:]:
        name, _, directory = argument.partition("=")
        _lend_real_package(name, directory)
    for line in requests:
        answer = _answer(line)
        try:
            text = json.dumps(answer)
        except (TypeError, ValueError) as error:
            text = json.dumps({"error": _described(error)})
        sys.stdout.flush()
        sys.stderr.flush()
        answers.write(text.encode() + b"\n")
        answers.flush()


def _take_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Keep stdin and stdout for the protocol, and give tools /dev/null and stderr in their place."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, answers


def _lend_package(name: str, directory: str) -> None:
    """Make the modules in `directory` importable as a package, without running its `__init__`."""
    package = types.ModuleType(name)
    package.__path__ = [directory]
    sys.modules[name] = package


def _lend_real_package(name: str, directory: str) -> None:
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(directory, "__init__.py"), submodule_search_locations=[directory]
    )
    if spec is None or spec.loader is None:
        return
    above, _, last = name.rpartition(".")
    if above and above not in sys.modules:
        _lend_package(above, os.path.dirname(directory))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if above:
        setattr(sys.modules[above], last, module)
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError):
        del sys.modules[name]


def _answer(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
        module = importlib.import_module("venvship.tools." + message["tool"])
        with _environment(message.get("environment")):
            return {"result": module.run(message["request"]) or {}}
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return {"error": _described(error)}


@contextlib.contextmanager
def _environment(variables: dict[str, str] | None) -> Iterator[None]:
    """Lend variables to one tool; the next one sees none of them."""
    if variables is None:
        yield
        return
    own = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(variables)
        yield
    finally:
        os.environ.clear()
        os.environ.update(own)


def _described(error: BaseException) -> dict[str, Any]:
    return {
        "type": type(error).__name__,
        "message": str(error),
        "user_error": bool(getattr(error, "user_error", False)),
        "traceback": "".join(traceback.format_exception(type(error), error, error.__traceback__)),
    }


if __name__ == "__main__":
    main()
