"""One evaluation context: budgets, the host's data, and where control is.

A position is never passed around: compiled code carries line and column of every instruction, so the calls in
progress are read from the interpreter's own frames when somebody asks.
A frame belongs to Starlark when its globals hold a `ModuleRecord` under a name that no source can spell.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from types import CodeType, FrameType, TracebackType

from venvship.dataclass import dataclass
from venvship.errors import InternalError, Place
from venvship.host.memory import resident_bytes
from venvship.starlark.errors import EvaluationError, StackFrame

RECORD = "<record>"
"""Name of the global that marks frames of Starlark code."""

STEP_BUDGET = 20_000_000
"""Operations, about two at each step: loops and calls pay for what they hold, built-ins for what they go through."""

ALLOCATION_BUDGET = 1 << 27
"""Characters and elements of all larger values made by one thread."""

MEMORY_GROWTH = 1 << 30
"""Bytes by which the process may grow while one thread runs."""

_STEPS_BETWEEN_LOOKS = 50_000
_ALLOCATION_BETWEEN_LOOKS = 1 << 20

LONG_TEXT = 1 << 10
"""Characters from which work on a text is counted."""

STEP_BITS = 8
"""Comparing or copying 2 ** 8 characters counts as one step."""

SEARCH_BITS = 5
"""Looking for something in 2 ** 5 characters, or at each of them, counts as one step."""

OUTPUT_BUDGET = 16_000_000
"""Characters of one `str`, `repr`, `print` or JSON text."""

_COMPREHENSIONS = frozenset(["<listcomp>", "<dictcomp>"])
_SHOWN_NAMES = {"<module>": "<toplevel>", "<lambda>": "lambda"}


@dataclass(slots=True, eq=False)
class ModuleRecord:
    """What frames of one module need to tell their position."""

    filename: str
    label: str
    toplevel_calls: dict[int, tuple[int, int]]
    _tables: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def position(self, code: CodeType, instruction: int) -> tuple[int, int]:
        """Line and column, from 1, of the instruction at a byte offset."""
        if code.co_name == "<module>":
            known = self.toplevel_calls.get(instruction)
            if known is not None:
                return known
        # Keyed by identity: the module's globals keep the code alive for as long as the record.
        table = self._tables.get(id(code))
        if table is None:
            table = [((line or 0), (column or 0) + 1) for line, _, column, _ in code.co_positions()]
            self._tables[id(code)] = table
        index = instruction // 2
        return table[index] if 0 <= index < len(table) else (code.co_firstlineno, 0)


class Thread:
    """One evaluation context; used by one Python thread at a time, and not shared between evaluations."""

    def __init__(
        self,
        *,
        print_handler: Callable[[str, Place], None] | None = None,
        context: object = None,
        step_budget: int = STEP_BUDGET,
        output_budget: int = OUTPUT_BUDGET,
        allocation_budget: int = ALLOCATION_BUDGET,
        source_line: Callable[[str, int], str | None] | None = None,
    ) -> None:
        self.print_handler = print_handler
        self.context = context
        self.output_budget = output_budget
        self.source_line = source_line
        self.steps_left = step_budget
        self.allocation_left = allocation_budget
        # Never below nothing: who has not come to it has steps left.
        self.next_look = max(step_budget - _STEPS_BETWEEN_LOOKS, 0)
        self._next_look_at_allocation = allocation_budget - _ALLOCATION_BETWEEN_LOOKS
        # At the first look; most programs end before it.
        self._resident: int | None = None
        # Functions in progress, by the place of their definition, outermost first.
        self.active: dict[str, None] = {}
        self.base_frame: FrameType | None = None

    def use_steps(self, count: int) -> None:
        """Pay for `count` steps; more than the budget fails."""
        self.steps_left -= count
        if self.steps_left < 0:
            raise EvaluationError("Starlark computation cancelled: too many steps")
        if self.steps_left < self.next_look:
            self._look()

    def _look(self) -> None:
        """See what the process holds: what small values take is not accounted for one by one."""
        self.next_look = max(self.steps_left - _STEPS_BETWEEN_LOOKS, 0)
        self._next_look_at_allocation = self.allocation_left - _ALLOCATION_BETWEEN_LOOKS
        resident = resident_bytes()
        if self._resident is None:
            self._resident = resident
        if resident - self._resident > MEMORY_GROWTH:
            raise EvaluationError("Starlark computation cancelled: too much memory")

    def use_memory(self, count: int) -> None:
        """Pay for a value of `count` characters or elements."""
        self.allocation_left -= count
        if self.allocation_left < 0:
            raise EvaluationError("Starlark computation cancelled: too much memory")
        if self.allocation_left < self._next_look_at_allocation:
            self._look()

    def caller_place(self) -> Place:
        """Where the innermost Starlark call in progress stands: its opening parenthesis."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame is not self.base_frame:
            record = frame.f_globals.get(RECORD)
            if record is not None:
                line, column = record.position(frame.f_code, frame.f_lasti)
                return Place(record.filename, line, column)
            frame = frame.f_back
        return Place("<host>")

    def call_stack(self) -> tuple[StackFrame, ...]:
        """The Starlark calls in progress, outermost first."""
        found: list[tuple[FrameType, int]] = []
        base = self.base_frame
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame is not base:
            if RECORD in frame.f_globals:
                found.append((frame, frame.f_lasti))
            frame = frame.f_back
        found.reverse()
        return _stack(found)


def stack_of(traceback: TracebackType | None) -> tuple[StackFrame, ...]:
    """The Starlark frames that an exception passed, outermost first."""
    return _stack(_passed(traceback))


def _passed(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lasti
        traceback = traceback.tb_next


def _stack(frames: Iterable[tuple[FrameType, int]]) -> tuple[StackFrame, ...]:
    stack: list[StackFrame] = []
    for frame, instruction in frames:
        record = frame.f_globals.get(RECORD)
        if record is None:
            continue
        code = frame.f_code
        line, column = record.position(code, instruction)
        name = code.co_name
        # Some interpreters run a comprehension in a frame of its own; the language knows no such call.
        if name in _COMPREHENSIONS and stack:
            name = stack.pop().function
        name = _SHOWN_NAMES.get(name, name)
        stack.append(StackFrame(name, Place(record.filename, line, column)))
    return tuple(stack)


class _Current(threading.local):
    thread: Thread | None = None


CURRENT = _Current()
"""The thread that runs in this Python thread."""


def current_thread() -> Thread:
    """The thread whose program called the built-in that asks."""
    thread = CURRENT.thread
    if thread is None:
        raise InternalError("no Starlark program is running in this thread")
    return thread


def source_lines(thread: Thread, stack: tuple[StackFrame, ...]) -> list[str | None]:
    """The source text of each frame, None where the host does not tell."""
    read = thread.source_line
    if read is None:
        return list(itertools.repeat(None, len(stack)))
    return [read(frame.place.path, frame.place.line) for frame in stack]
