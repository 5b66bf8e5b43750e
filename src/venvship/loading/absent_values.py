"""A value of which only its name is known, because its module is absent; and targets that would need to know more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from venvship.loading.native_providers import ForeignProvider
from venvship.loading.select_values import SelectChoice, SelectExpression
from venvship.modules.module_sources import AbsentSource
from venvship.starlark.calling import invoke
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value


class AbsentSymbol(ForeignProvider):
    """A rule, macro, provider, aspect or other value of an absent module; as a provider, nothing has it.

    `declare` answers the function that declares a target which can't be built.
    """

    __slots__ = ("absent", "declare")

    def __init__(self, name: str, absent: AbsentSource, declare: Callable[[], Value]) -> None:
        super().__init__(name)
        self.absent = absent
        self.declare = declare

    def part(self, name: str) -> AbsentSymbol:
        """Something that is made of this one, and as unknown."""
        return AbsentSymbol(name, self.absent, self.declare)


class NeedsAbsentModule(EvaluationError):
    """Something has to know what a symbol of an absent module is."""

    def __init__(self, symbol: AbsentSymbol, use: str) -> None:
        super().__init__(f"`{symbol.name}` {use}: {symbol.absent.reason}", hint=symbol.absent.hint or None)


_DEEPEST: Final = 6
"""How deep attributes nest: all of them, a choice, its branches, a dictionary, a list. Lists may hold themselves."""


def absent_in(value: Value, depth: int = _DEEPEST) -> AbsentSymbol | None:
    """The first value of an absent module in what a rule is given."""
    parts: list[Value]
    if isinstance(value, AbsentSymbol):
        return value
    if isinstance(value, list | tuple):
        parts = list(value)
    elif isinstance(value, dict):
        parts = list(value.values())
    elif isinstance(value, SelectExpression):
        parts = [part.branches if isinstance(part, SelectChoice) else part for part in value.parts]
    else:
        return None
    if not depth:
        return None
    return next((found for part in parts if (found := absent_in(part, depth - 1)) is not None), None)


def unbuildable(symbol: AbsentSymbol, given: Mapping[str, Value], *, kind: str, reason: str) -> None:
    """Declare a target of the rule `kind` that can't be built for a reason, with what is known of what it is given."""
    known = {name: value for name, value in given.items() if absent_in(value) is None}
    invoke(symbol.declare(), **{**known, "kind": kind, "reason": reason, "advice": symbol.absent.hint})
