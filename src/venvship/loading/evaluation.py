"""Calls functions of `.bzl` files after their file was read: rule implementations, computed defaults, `map_each`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from venvship.loading.bzl_loader import PrintHandler
from venvship.starlark.builtin import Builtin
from venvship.starlark.calling import invoke
from venvship.starlark.execution import call
from venvship.starlark.host_types import Value
from venvship.starlark.thread import Thread


class Evaluator:
    """Makes the thread of each call; `source_line` gives the text of a line, for tracebacks."""

    def __init__(
        self,
        *,
        print_handler: PrintHandler | None = None,
        source_line: Callable[[str, int], str | None] | None = None,
    ) -> None:
        self._print_handler = print_handler
        self._source_line = source_line

    def call(
        self,
        function: Value,
        args: Iterable[Value] = (),
        kwargs: Mapping[str, Value] | None = None,
        *,
        context: object = None,
    ) -> Value:
        """Call a function in a thread of its own; raises EvaluationError with the calls that led to the fault."""
        thread = Thread(print_handler=self._print_handler, context=context, source_line=self._source_line)
        return call(thread, function, args, kwargs)

    def each(self, function: Value, arguments: Iterable[tuple[Value, ...]]) -> list[Value]:
        """The results of calls with each of `arguments`, all in one thread."""
        results: list[Value] = []

        def run() -> None:
            results.extend(invoke(function, *one) for one in arguments)

        self.call(Builtin(getattr(function, "__name__", "function"), run))
        return results
