"""Starts a Python program and tells which lines of its sources ran, as LCOV.

`measured_program.py PATH ARGUMENTS...` or `measured_program.py -m MODULE ARGUMENTS...`. The sources are those that the
file `COVERAGE_MANIFEST` lists, by their paths in a build, and the report goes to `COVERAGE_OUTPUT_FILE`; without these
variables the program just starts. It runs in this process as `__main__`, with this directory off its search path.

Until 3.12 every call is traced, later only each line's first time. What a child process runs is not in the report.
"""

from __future__ import annotations

import os
import sys
import threading
import types
from collections.abc import Iterable, Iterator, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OUTPUTS = "venvship-out/"
_TOOL = "venvship"


def main(arguments: list[str]) -> None:
    """Become the program that `arguments` name."""
    report, manifest = os.environ.get("COVERAGE_OUTPUT_FILE"), os.environ.get("COVERAGE_MANIFEST")
    if not report or not manifest or not os.environ.get("COVERAGE_DIR"):
        _start(arguments)
        return
    with open(manifest, encoding="utf-8", errors="surrogateescape") as file:
        listed = [line.rstrip("\n") for line in file]
    sources = {_place(path): path for path in listed if path.endswith(".py")}
    ran: dict[str, set[int]] = {place: set() for place in sources}
    _measure(ran)
    owner = os.getpid()
    try:
        _start(arguments)
    finally:
        # A child that was forked leaves the program by the same door.
        if os.getpid() == owner:
            with open(report, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.writelines(lcov(sources, ran))


def _place(path: str) -> str:
    """Where a source of the build is imported from."""
    inside = path
    if inside.startswith(_OUTPUTS):
        inside = inside.split("/", 3)[3] if inside.count("/") > 2 else inside
    if inside.startswith("external/"):
        inside = inside[len("external/") :]
    else:
        inside = "_main/" + inside
    return os.path.join(os.environ.get("RUNFILES_DIR", ""), inside)


def _start(arguments: list[str]) -> None:
    module = arguments[0] == "-m"
    name, rest = (arguments[1], arguments[2:]) if module else (arguments[0], arguments[1:])
    sys.argv[:] = [name, *rest]
    if not sys.flags.isolated and not sys.flags.safe_path:
        # The interpreter has put the directory of this file there.
        sys.path[0] = "" if module else os.path.dirname(name)
    if module:
        import runpy

        runpy.run_module(name, run_name="__main__", alter_sys=True)
        return
    program = types.ModuleType("__main__")
    program.__dict__.update(__builtins__=__builtins__, __file__=name)
    sys.modules["__main__"] = program
    with open(name, "rb") as file:
        code = compile(file.read(), name, "exec", dont_inherit=True)
    exec(code, program.__dict__)


def _measure(ran: Mapping[str, set[int]]) -> None:
    """Note from now on which lines of the files in `ran` are run."""
    if sys.version_info >= (3, 12):
        monitoring = sys.monitoring
        tool = monitoring.COVERAGE_ID

        def started(code: types.CodeType, offset: int) -> object:
            if code.co_filename in ran:
                monitoring.set_local_events(tool, code, monitoring.events.LINE)
            return monitoring.DISABLE

        def reached(code: types.CodeType, number: int) -> object:
            ran[code.co_filename].add(number)
            return monitoring.DISABLE

        monitoring.use_tool_id(tool, _TOOL)
        monitoring.register_callback(tool, monitoring.events.PY_START, started)
        monitoring.register_callback(tool, monitoring.events.LINE, reached)
        monitoring.set_events(tool, monitoring.events.PY_START)
    else:

        def line(frame: types.FrameType, event: str, argument: Any) -> Any:
            if event == "line":
                ran[frame.f_code.co_filename].add(frame.f_lineno)
            return line

        def call(frame: types.FrameType, event: str, argument: Any) -> Any:
            return line if frame.f_code.co_filename in ran else None

        threading.settrace(call)
        sys.settrace(call)


def lcov(sources: Mapping[str, str], ran: Mapping[str, set[int]]) -> Iterator[str]:
    """The report: each source by its path in the build, with all lines that could run."""
    for place, path in sorted(sources.items(), key=lambda item: item[1]):
        try:
            with open(place, "rb") as file:
                code = compile(file.read(), place, "exec", dont_inherit=True)
        except (OSError, SyntaxError, ValueError):
            continue
        lines = sorted(ran[place].union(_lines(code)))
        yield f"SF:{path}\n"
        yield from (f"DA:{number},{int(number in ran[place])}\n" for number in lines)
        yield f"LF:{len(lines)}\nLH:{len(ran[place])}\nend_of_record\n"


def _lines(code: types.CodeType) -> Iterable[int]:
    found: set[int] = set()
    left = [code]
    while left:
        one = left.pop()
        # The line of a function's head is one that its definition runs, not its body.
        head = one.co_firstlineno if one is not code else 0
        found.update(number for _, _, number in one.co_lines() if number and number != head)
        left += [constant for constant in one.co_consts if isinstance(constant, types.CodeType)]
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
