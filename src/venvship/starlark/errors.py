"""What can go wrong in a Starlark file, before it runs and while it runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError

_LONG_NAME = 100
_MANY = 5000


class StarlarkSyntaxError(UserError):
    """A file is not a program of its dialect; found without running it."""


@dataclass(frozen=True, slots=True)
class StackFrame:
    """One call in progress: a function and where in it control is."""

    function: str
    place: Place

    def __str__(self) -> str:
        place = self.place
        return f'File "{place.path}", line {place.line}, column {place.column}, in {self.function}'


class EvaluationError(UserError):
    """A Starlark program failed while running.

    Raised by operators and built-in functions without a place; whoever started the program adds the stack.
    `builtin` names the built-in function that refused, None when an operator did.
    """

    def __init__(self, message: str, *, builtin: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.builtin = builtin
        self.stack: tuple[StackFrame, ...] = ()
        self.traceback = f"Error: {message}"

    def locate(self, stack: tuple[StackFrame, ...], source_lines: Iterable[str | None]) -> None:
        """Add where it happened; `stack` and `source_lines` are outermost first."""
        self.stack = stack
        if self.place is None and stack:
            self.place = stack[-1].place
        self.chain = called_from(stack)
        lines = ["Traceback (most recent call last):"]
        for frame, source in zip(stack, source_lines, strict=True):
            lines.append(f"\t{frame}")
            if source is not None:
                lines.append(f"\t\t{source.strip()}")
        lines.append(f"Error in {self.builtin}: {self.message}" if self.builtin else f"Error: {self.message}")
        self.traceback = "\n".join(lines)


class MissingSymbol(EvaluationError):
    """A load statement names something that the other file does not define."""

    def __init__(self, module: str, symbol: str, exports: Iterable[str], *, place: Place) -> None:
        public = [name for name in exports if not name.startswith("_")]
        super().__init__(f"file '{module}' does not contain symbol '{symbol}'{did_you_mean(symbol, public)}")
        self.place = place
        self.module = module
        self.symbol = symbol


def called_from(stack: tuple[StackFrame, ...]) -> tuple[str, ...]:
    """The lines of an error's chain that tell a stack, innermost first."""
    inner = stack[-1].function if stack else ""
    lines = [] if inner in ("", "<toplevel>") else [f"in {inner}"]
    lines += [f"called from {frame.place} in {frame.function}" for frame in reversed(stack[:-1])]
    return tuple(lines)


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """` (did you mean 'x'?)` when one of the candidates is close, else nothing."""
    if len(name) > _LONG_NAME:
        return ""
    near = [candidate for candidate in candidates if abs(len(candidate) - len(name)) < len(name)]
    close = difflib.get_close_matches(name, sorted(near)[:_MANY], n=1, cutoff=0.7)
    return f" (did you mean '{close[0]}'?)" if close else ""
