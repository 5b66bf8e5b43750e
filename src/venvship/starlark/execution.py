"""Running programs and calling their functions."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from traceback import clear_frames
from types import TracebackType
from typing import TypeVar

from venvship.dataclass import dataclass
from venvship.errors import InternalError, Place, SeveralErrors, VenvshipError
from venvship.starlark import access, calling, displays, operators
from venvship.starlark.call_problems import call_problem
from venvship.starlark.dialect import Dialect
from venvship.starlark.errors import (
    EvaluationError,
    MissingSymbol,
    StarlarkSyntaxError,
    called_from,
    did_you_mean,
)
from venvship.starlark.freezing import freeze
from venvship.starlark.host_types import Value
from venvship.starlark.iteration import iterate, iterate_unpacking, unpack
from venvship.starlark.program import LoadStatement, Program
from venvship.starlark.thread import CURRENT, RECORD, ModuleRecord, Thread, source_lines, stack_of
from venvship.starlark.universe import UNIVERSE
from venvship.starlark.values import Dict, List

_T = TypeVar("_T")

_OF_PYTHON = (RecursionError, MemoryError, OverflowError, NameError, TypeError)
"""What Python itself raises for programs that are wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """What running a file left behind."""

    filename: str
    globals: Mapping[str, Value]
    """Names that the file itself bound; what it loaded is not among them."""

    @property
    def exports(self) -> Mapping[str, Value]:
        """The globals that another file may load."""
        return {name: value for name, value in self.globals.items() if not name.startswith("_")}


def _enter(key: str, steps: int = 1) -> None:
    thread = CURRENT.thread
    assert thread is not None
    active = thread.active
    if key in active:
        raise EvaluationError(f"function '{key.partition(' ')[0]}' called recursively")
    active[key] = None
    thread.steps_left -= steps
    if thread.steps_left < 0:
        thread.use_steps(0)


def _leave() -> None:
    CURRENT.thread.active.popitem()  # type: ignore[union-attr]


def _leave_lambda(_entered: None, value: Value) -> Value:
    CURRENT.thread.active.popitem()  # type: ignore[union-attr]
    return value


_HELPERS: Mapping[str, object] = {
    **operators.BINARY,
    **{f"{operator}=": operators.in_place(operator) for operator in operators.BINARY},
    **operators.COMPARISON,
    "-x": operators.negative,
    "+x": operators.positive,
    "~x": operators.invert,
    "in": access.contains,
    "[]": access.get_item,
    "[:]": access.get_slice,
    "[]=": access.set_item,
    ".": access.get_attribute,
    ".=": access.set_attribute,
    ".()": calling.method_of,
    "()": calling.callable_of,
    "(*)": calling.call_in_order,
    "*": operators.multiply,
    "*args": calling.positional_arguments,
    "**": calling.named_arguments,
    "[...]": List,
    "{...}": Dict,
    "{}": displays.make_dict,
    "{for}": displays.comprehend_dict,
    "for": iterate,
    "for,": iterate_unpacking,
    "unpack": unpack,
    "enter": _enter,
    "leave": _leave,
    "lambda": _leave_lambda,
}
_ENVIRONMENT: Mapping[str, object] = {**_HELPERS, **UNIVERSE}
_BZL_ONLY = ("struct",)
_MAX_PROBLEMS = 100


def execute(
    program: Program,
    *,
    predeclared: Mapping[str, Value],
    load: Callable[[LoadStatement], Mapping[str, Value]],
    thread: Thread,
    label: str | None = None,
) -> Module:
    """Run a file and freeze what it made.

    `load` answers the exports of the file that a load statement names. `label` is what functions of the file are
    printed with; the file's name when None.
    """
    environment = _environment(program, predeclared)
    undefined = _undefined(program, environment)
    if undefined:
        raise SeveralErrors(undefined)
    for name in program.global_names:
        # A global hides what the environment calls so even before it is bound.
        environment.pop(name, None)
    namespace: dict[str, Value] = {
        "__builtins__": environment,
        RECORD: ModuleRecord(program.filename, label or program.filename, program.toplevel_calls),
    }
    loaded: set[str] = set()
    for statement in program.loads:
        exports = load(statement)
        for local, exported in statement.bindings:
            if exported not in exports:
                raise MissingSymbol(statement.module, exported, exports, place=statement.place)
            namespace[local] = exports[exported]
            loaded.add(local)

    code = program.code

    def run() -> None:
        exec(code, namespace)

    _run(thread, run)
    # In the order they were bound: hosts tell values the first name that they have.
    made = {name: value for name, value in namespace.items() if name in program.global_names and name not in loaded}
    result = Module(program.filename, made)
    for value in made.values():
        freeze(value)
    return result


def call(
    thread: Thread, function: Value, args: Iterable[Value] = (), kwargs: Mapping[str, Value] | None = None
) -> Value:
    """Call a function of the language, or a built-in, from the host."""
    named = dict(kwargs or {})
    positional = tuple(args)
    return _run(thread, lambda: calling.invoke(function, *positional, **named))


def undefined_names(program: Program, predeclared: Mapping[str, Value]) -> list[StarlarkSyntaxError]:
    """What `execute` would say about names that nobody defines; for hosts that have found other problems already."""
    return _undefined(program, _environment(program, predeclared))


def _environment(program: Program, predeclared: Mapping[str, Value]) -> dict[str, object]:
    environment: dict[str, object] = {**_ENVIRONMENT, **predeclared}
    if program.dialect is not Dialect.BZL:
        for name in _BZL_ONLY:
            environment.pop(name, None)
    return environment


def _undefined(program: Program, environment: Mapping[str, object]) -> list[StarlarkSyntaxError]:
    problems: list[StarlarkSyntaxError] = []
    for name, line, column in program.free_names:
        if len(problems) == _MAX_PROBLEMS:
            break
        if name not in environment or not name.isidentifier():
            known = [known for known in (*environment, *program.global_names) if known.isidentifier()]
            problems.append(
                StarlarkSyntaxError(
                    f"name '{name}' is not defined{did_you_mean(name, known)}",
                    place=Place(program.filename, line, column),
                )
            )
    return problems


def _run(thread: Thread, body: Callable[[], _T]) -> _T:
    outer = CURRENT.thread
    if outer is thread:
        # Inside the same evaluation: whoever started it adds the whole stack.
        return _nested(thread, body)
    CURRENT.thread = thread
    base, thread.base_frame = thread.base_frame, inspect.currentframe()
    try:
        return body()
    except VenvshipError as error:
        _locate(error, thread)
        raise
    except _OF_PYTHON as error:
        raised = _mapped(error)
        _locate(raised, thread, error.__traceback__)
        raise raised from (error if isinstance(raised, InternalError) else None)
    except Exception as error:
        internal = InternalError(f"{type(error).__name__}: {error}")
        _locate(internal, thread, error.__traceback__)
        raise internal from error
    finally:
        CURRENT.thread = outer
        thread.base_frame = base
        thread.active.clear()


def _nested(thread: Thread, body: Callable[[], _T]) -> _T:
    depth = len(thread.active)
    try:
        return body()
    except _OF_PYTHON as error:
        raise _mapped(error).with_traceback(error.__traceback__) from None
    finally:
        while len(thread.active) > depth:
            thread.active.popitem()


def _locate(error: VenvshipError, thread: Thread, traceback: TracebackType | None = None) -> None:
    stack = stack_of(traceback or error.__traceback__)
    if isinstance(error, EvaluationError):
        if not error.stack and stack:
            error.locate(stack, source_lines(thread, stack))
        return
    # Several errors have places of their own.
    if error.place is None and stack and not isinstance(error, SeveralErrors):
        error.place = stack[-1].place
    error.chain = (*error.chain, *called_from(stack))


_UNBOUND = re.compile(r"(?:local |free )variable '([^']+)'|name '([^']+)' is not defined|(?:variable|name) '([^']+)'")


def _mapped(error: Exception) -> VenvshipError:
    if isinstance(error, RecursionError):
        return EvaluationError("Starlark computation cancelled: values or calls are nested too deeply")
    if isinstance(error, MemoryError):
        # What the program holds goes first: even to tell what is wrong takes memory.
        clear_frames(error.__traceback__)
        return EvaluationError("Starlark computation cancelled: too much memory")
    innermost = error.__traceback__
    while innermost is not None and innermost.tb_next is not None:
        innermost = innermost.tb_next
    in_program = innermost is not None and RECORD in innermost.tb_frame.f_globals
    if in_program and isinstance(error, NameError):
        match = _UNBOUND.search(str(error))
        name = next((group for group in match.groups() if group), "?") if match else "?"
        kind = "local" if isinstance(error, UnboundLocalError) or "free variable" in str(error) else "global"
        return EvaluationError(f"{kind} variable '{name}' is referenced before assignment")
    if in_program and isinstance(error, TypeError):
        return EvaluationError(call_problem(str(error)))
    return InternalError(f"{type(error).__name__}: {error}")
