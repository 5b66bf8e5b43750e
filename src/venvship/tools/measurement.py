"""Measures which lines and branches of Python sources run, from the start of an interpreter to its end, as LCOV.

A virtualenv that is built to be measured imports this module through a path file, so every interpreter that starts from
it is measured: programs, their child processes, workers of multiprocessing. The sources are those that the file
`COVERAGE_MANIFEST` lists, by their paths in a build; each process leaves a report in `COVERAGE_DIR`, the first to end
one that also has the sources of which nothing ran. Without these variables nothing happens.

A statement that decides how to go on has a branch for each line that it may lead to, when these are several. Until 3.12
every line of the sources is traced, later only its first time, and jumps until both ways were taken. The coverage tool
of a runtime measures instead where there is one: it is `coverage.py`, or offers the same class `Coverage`.
"""

from __future__ import annotations

import ast
import atexit
import dis
import importlib
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterable, Iterator, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_OUTPUTS = "venvship-out/"
_TOOL = "venvship"
_BEGUN: list[str] = []
_RETURN = 0
"""Stands for the line of a function's caller."""


def begin(runfiles: str, tool: str = "") -> None:
    """Measure this process, whose sources lie in `runfiles`; both paths are relative to this file."""
    directory, manifest = os.environ.get("COVERAGE_DIR"), os.environ.get("COVERAGE_MANIFEST")
    # CPython reads the path files of a virtualenv twice.
    if _BEGUN or not directory or not manifest or not os.path.isfile(manifest):
        return
    _BEGUN.append(manifest)
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.normpath(os.path.join(here, runfiles))
    with open(manifest, encoding="utf-8", errors="surrogateescape") as file:
        listed = [line.rstrip("\n") for line in file]
    sources = {os.path.join(root, _place(path)): path for path in listed if path.endswith(".py")}
    tool = os.environ.get("PYTHON_COVERAGE") or (tool and os.path.join(here, tool))
    started = _with_tool(os.path.normpath(tool), sources) if tool else _with_own_means(sources)
    _report_at_the_end(directory, started)


def _place(path: str) -> str:
    """Where a source of the build is imported from, below the runfiles."""
    inside = path
    if inside.startswith(_OUTPUTS):
        inside = inside.split("/", 3)[3] if inside.count("/") > 2 else inside
    if inside.startswith("external/"):
        return inside[len("external/") :]
    return "_main/" + inside


if TYPE_CHECKING:
    from typing import TypeAlias

    Report: TypeAlias = Callable[[bool], Iterable[str]]
    """Gives the rows of a report, of all sources or of those that ran."""
    Start: TypeAlias = Callable[[], Report]
    """Measures a process from now on, which may be one that was forked."""


def _report_at_the_end(directory: str, start: Start) -> None:
    process, report = os.getpid(), start()
    leaving = terminating = suspended = False

    def leave() -> None:
        nonlocal process, leaving
        if process != os.getpid():
            return
        process, leaving = 0, True
        _leave_report(directory, report)
        leaving = False
        if terminating:
            die()

    def forked() -> None:
        nonlocal process, report
        process, report = os.getpid(), start()
        if signal.getsignal(signal.SIGTERM) is terminated:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            # A worker forgets what its parent wanted at its end, and leaves without the exit functions of atexit.
            util.register_after_fork(leave, lambda _: util.Finalize(None, leave, exitpriority=-100))

    def terminated(number: int, frame: object) -> None:
        nonlocal terminating
        terminating = True
        if not leaving:
            leave()
            die()

    def die() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    def suspend() -> None:
        # What multiprocessing starts it also ends by a signal, at moments when Python would not look whether one came.
        nonlocal suspended
        ours = signal.getsignal(signal.SIGTERM) is terminated
        if ours and threading.current_thread() is threading.main_thread():
            suspended = True
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def resume() -> None:
        nonlocal suspended
        if suspended:
            suspended = False
            signal.signal(signal.SIGTERM, terminated)

    atexit.register(leave)
    os.register_at_fork(before=suspend, after_in_parent=resume, after_in_child=forked)
    is_worker = any("multiprocessing" in argument for argument in sys.orig_argv[1:])
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL and not is_worker:
        # Servers are ended so by their tests.
        signal.signal(signal.SIGTERM, terminated)


def _leave_report(directory: str, report: Report) -> None:
    try:
        os.close(os.open(os.path.join(directory, "all"), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        complete = True
    except FileExistsError:
        complete = False
    except FileNotFoundError:
        return  # the test has ended before this process
    rows = list(report(complete))
    if not rows:
        return
    place = os.path.join(directory, os.urandom(8).hex())
    with open(place, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(rows)
    os.replace(place, place + ".dat")


def _with_tool(tool: str, sources: Mapping[str, str]) -> Start:
    """Measure with the class `Coverage` of the package that the file `tool` is in."""
    sys.path.append(os.path.dirname(os.path.dirname(tool)))
    package = importlib.import_module("coverage")
    # It knows files by where links lead.
    real = {os.path.realpath(place): path for place, path in sources.items() if os.path.isfile(place)}

    before: list[Any] = []

    def start() -> Report:
        while before:
            before.pop().stop()
        measured = package.Coverage(data_file=None, config_file=False, branch=True, include=sorted(real))
        measured.set_option("run:disable_warnings", ["no-data-collected", "module-not-measured", "already-imported"])
        measured.start()
        before.append(measured)

        def report(complete: bool) -> Iterable[str]:
            measured.stop()
            wanted = sorted(real if complete else real.keys() & measured.get_data().measured_files())
            if not wanted:
                return []
            place = os.path.join(os.environ["COVERAGE_DIR"], os.urandom(8).hex())
            measured.lcov_report(morfs=wanted, outfile=place, ignore_errors=True)
            with open(place, encoding="utf-8", errors="surrogateescape") as file:
                rows = list(file)
            os.remove(place)
            return [_renamed(row, real) for row in rows]

        return report

    return start


def _renamed(row: str, real: Mapping[str, str]) -> str:
    kind, _, place = row.rstrip("\n").partition(":")
    return row if kind != "SF" else f"SF:{real.get(os.path.realpath(place), place)}\n"


def _with_own_means(sources: Mapping[str, str]) -> Start:
    lines: dict[str, set[int]] = {place: set() for place in sources}
    jumps: dict[str, set[tuple[int, int]]] = {place: set() for place in sources}

    def start() -> Report:
        # What ran before a process was forked is in the report of the other.
        for place in sources:
            lines[place].clear()
            jumps[place].clear()
        return lambda complete: lcov(sources, lines, jumps, complete=complete)

    if sys.version_info >= (3, 12):
        _monitor(lines, jumps)
    else:
        _trace(lines, jumps)
    return start


if sys.version_info >= (3, 12):

    def _monitor(lines: Mapping[str, set[int]], jumps: Mapping[str, set[tuple[int, int]]]) -> None:
        monitoring = sys.monitoring
        tool, events = monitoring.COVERAGE_ID, monitoring.events
        known: dict[types.CodeType, Mapping[int, _Jump]] = {}
        taken: set[tuple[types.CodeType, int, bool]] = set()

        def started(code: types.CodeType, offset: int) -> object:
            if code.co_filename in lines:
                monitoring.set_local_events(tool, code, events.LINE | events.BRANCH)
            return monitoring.DISABLE

        def reached(code: types.CodeType, number: int) -> object:
            lines[code.co_filename].add(number)
            return monitoring.DISABLE

        def jumped(code: types.CodeType, offset: int, destination: int) -> object:
            if code not in known:
                known[code] = {jump.offset: jump for jump in _jumps(code)}
            jump = known[code].get(offset)
            if jump is None:
                return monitoring.DISABLE
            falls = abs(destination - jump.following) < abs(destination - jump.target)
            line = jump.exits[0 if falls else 1]
            if line is not None:
                jumps[code.co_filename].add((jump.line, line))
            taken.add((code, offset, falls))
            return monitoring.DISABLE if (code, offset, not falls) in taken else None

        monitoring.use_tool_id(tool, _TOOL)
        monitoring.register_callback(tool, events.PY_START, started)
        monitoring.register_callback(tool, events.LINE, reached)
        monitoring.register_callback(tool, events.BRANCH, jumped)
        monitoring.set_events(tool, events.PY_START)

else:

    def _trace(lines: Mapping[str, set[int]], jumps: Mapping[str, set[tuple[int, int]]]) -> None:
        suspends = {dis.opmap["YIELD_VALUE"], dis.opmap["RESUME"]}

        def call(frame: types.FrameType, event: str, argument: Any) -> Any:
            code = frame.f_code
            ran = lines.get(code.co_filename)
            if ran is None:
                return None
            went = jumps[code.co_filename]
            last = -1

            def follow(frame: types.FrameType, event: str, argument: Any) -> Any:
                nonlocal last
                if event == "line":
                    ran.add(frame.f_lineno)
                    went.add((last, frame.f_lineno))
                    last = frame.f_lineno
                elif event == "exception":
                    last = -1
                elif event == "return" and code.co_code[frame.f_lasti] not in suspends:
                    went.add((last, _RETURN))
                return follow

            return follow

        threading.settrace(call)
        sys.settrace(call)


def lcov(
    sources: Mapping[str, str],
    lines: Mapping[str, set[int]],
    jumps: Mapping[str, set[tuple[int, int]]],
    *,
    complete: bool = True,
) -> Iterator[str]:
    """The report: each source by its path in the build, with all lines and branches that could run."""
    for place, path in sorted(sources.items(), key=lambda item: item[1]):
        # A module without statements runs on line 0, which readers of reports refuse.
        ran, went = lines[place] - {0}, jumps[place]
        if not (complete or ran):
            continue
        try:
            with open(place, "rb") as file:
                text = file.read()
            code, tree = compile(text, place, "exec", dont_inherit=True), ast.parse(text, place)
        except (OSError, SyntaxError, ValueError):
            continue
        yield f"SF:{path}\n"
        yield from _branch_rows(_branches(code, _headers(tree)), ran, went)
        runnable = sorted(ran.union(_lines(code)))
        yield from (f"DA:{number},{int(number in ran)}\n" for number in runnable)
        yield f"LF:{len(runnable)}\nLH:{len(ran)}\nend_of_record\n"


def _branch_rows(
    branches: Mapping[int, Mapping[int, set[tuple[int, int]]]], ran: set[int], went: set[tuple[int, int]]
) -> Iterator[str]:
    hits: list[bool] = []
    for line in sorted(branches):
        for number, target in enumerate(sorted(branches[line])):
            hits.append(not went.isdisjoint(branches[line][target]))
            yield f"BRDA:{line},0,{number},{int(hits[-1]) if line in ran else '-'}\n"
    if hits:
        yield f"BRF:{len(hits)}\nBRH:{sum(hits)}\n"


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A piece of code and all that are defined in it."""
    left = [code]
    while left:
        one = left.pop()
        yield one
        left += [constant for constant in one.co_consts if isinstance(constant, types.CodeType)]


def _lines(code: types.CodeType) -> Iterable[int]:
    found: set[int] = set()
    for one in _codes(code):
        # The line of a function's head is one that its definition runs, not its body.
        head = one.co_firstlineno if one is not code else 0
        found.update(number for _, _, number in one.co_lines() if number and number != head)
    return found


def _headers(tree: ast.AST) -> Mapping[int, int]:
    """The lines on which statements decide how to go on, and the first one of each statement."""
    found: dict[int, int] = {}
    for node in ast.walk(tree):
        match node:
            case ast.If(test=deciding) | ast.While(test=deciding):
                last = deciding.end_lineno
            case ast.For(iter=deciding) | ast.AsyncFor(iter=deciding):
                last = deciding.end_lineno
            case ast.ExceptHandler(type=ast.expr() as deciding):
                last = deciding.end_lineno
            case ast.match_case(pattern=pattern, guard=guard):
                node, last = pattern, (guard or pattern).end_lineno
            case _:
                continue
        first = node.lineno
        found.update(dict.fromkeys(range(first, (last or first) + 1), first))
    return found


def _branches(code: types.CodeType, headers: Mapping[int, int]) -> Mapping[int, Mapping[int, set[tuple[int, int]]]]:
    """For each line from which the program may go on at several others, those, and the jumps that lead to each."""
    exits: dict[int, dict[int, set[tuple[int, int]]]] = {}
    for one in _codes(code):
        for jump in _jumps(one):
            line = headers.get(jump.line)
            for target in jump.exits:
                if line is not None and target is not None and headers.get(target, target) != line:
                    exits.setdefault(line, {}).setdefault(headers.get(target, target), set()).add((jump.line, target))
    return {line: found for line, found in exits.items() if len(found) > 1}


class _Jump:
    """A conditional jump: where it is, and at which lines the program goes on without it and with it.

    None is where another jump of the same line decides.
    """

    def __init__(
        self, offset: int, following: int, target: int, line: int, exits: tuple[int | None, int | None]
    ) -> None:
        self.offset = offset
        self.following = following
        self.target = target
        self.line = line
        self.exits = exits


_UNCONDITIONAL = ("JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_NO_INTERRUPT", "SEND")
_RETURNS = ("RETURN_VALUE", "RETURN_CONST")
_RAISES = ("RERAISE", "RAISE_VARARGS")


def _jumps(code: types.CodeType) -> Iterator[_Jump]:
    instructions = list(dis.get_instructions(code))
    places = {instruction.offset: index for index, instruction in enumerate(instructions)}
    lines = [one.positions.lineno if one.positions is not None else None for one in instructions]
    conditional = [_is_conditional(one) for one in instructions]

    def exit_line(index: int, line: int) -> int | None:
        seen: set[int] = set()
        while index < len(instructions) and index not in seen:
            seen.add(index)
            one = instructions[index]
            if lines[index] not in (None, line):
                return lines[index]
            if one.opname in _RETURNS:
                return _RETURN
            if conditional[index] or one.opname in _RAISES:
                return None
            index = places[one.argval] if one.opname in _UNCONDITIONAL else index + 1
        return None

    for index, one in enumerate(instructions[:-1]):
        line = lines[index]
        # How a context manager ends an exception is no branch of the program.
        if not conditional[index] or line is None or instructions[index - 1].opname == "WITH_EXCEPT_START":
            continue
        exits = (exit_line(index + 1, line), exit_line(places[one.argval], line))
        yield _Jump(one.offset, instructions[index + 1].offset, one.argval, line, exits)


def _is_conditional(instruction: dis.Instruction) -> bool:
    name = instruction.opname
    return name == "FOR_ITER" or ("JUMP" in name and "_IF_" in name)
