"""What a host may know of a function of the language."""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import Place
from venvship.starlark.thread import RECORD

Function: TypeAlias = FunctionType
"""A function that a program defined; Python's own class, so that calls stay fast."""


@dataclass(frozen=True, slots=True)
class FunctionDescription:
    """A function, described."""

    name: str
    label: str
    """Of the module that defines it, as the host labelled it."""
    place: Place
    documentation: str | None
    parameters: tuple[inspect.Parameter, ...]


def describe(function: Function) -> FunctionDescription:
    """Name, module and parameters of a function."""
    record = function.__globals__[RECORD]
    return FunctionDescription(
        "lambda" if function.__name__ == "<lambda>" else function.__name__,
        record.label,
        Place(record.filename, function.__code__.co_firstlineno),
        function.__doc__,
        tuple(inspect.signature(function).parameters.values()),
    )
