"""What files of absent modules export: every name there may be, each of which stands for something unknown.

BUILD files load rules of many languages and tools, and most builds need none of them. So a file of a module that can't
be had loads, and a call of one of its symbols declares a target of the name that the call gives, which can't be built.
Anything else that is done with such a symbol gives another one, until something needs to know what it is: then the
error tells of the module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NoReturn

from venvship.loading.native_providers import ForeignProvider
from venvship.loading.package_builder import PackageBuilder
from venvship.modules.module_sources import AbsentSource
from venvship.starlark.calling import invoke
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register
from venvship.starlark.thread import current_thread

FOREIGN_KINDS: Final = frozenset({"foreign", "foreign_test"})
"""The rules whose targets stand for what can't be built."""


class AbsentSymbol(ForeignProvider):
    """A rule, macro, provider, aspect or other value of an absent module; as a provider, nothing has it.

    `declare` answers the function that declares a target which can't be built.
    """

    __slots__ = ("absent", "declare")

    def __init__(self, name: str, absent: AbsentSource, declare: Callable[[], Value]) -> None:
        super().__init__(name)
        self.absent = absent
        self.declare = declare


class AbsentSymbols(Mapping[str, Value]):
    """The exports of a file of an absent module: those that are `known`, and whatever else is asked for."""

    def __init__(self, absent: AbsentSource, declare: Callable[[], Value], known: Mapping[str, Value]) -> None:
        self._absent = absent
        self._declare = declare
        self._known = known

    def __getitem__(self, name: str) -> Value:
        if name in self._known:
            return self._known[name]
        return AbsentSymbol(name, self._absent, self._declare)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class NeedsAbsentModule(EvaluationError):
    """Something has to know what a symbol of an absent module is."""

    def __init__(self, symbol: AbsentSymbol, use: str) -> None:
        super().__init__(f"`{symbol.name}` {use}: {symbol.absent.reason}", hint=symbol.absent.hint or None)


def _call(symbol: AbsentSymbol, /, *args: Value, **kwargs: Value) -> Value:
    context = current_thread().context
    name = kwargs.get("name", args[0] if args else None)
    if isinstance(context, PackageBuilder) and isinstance(name, str):
        why = {"reason": symbol.absent.reason, "advice": symbol.absent.hint}
        invoke(symbol.declare(), **{**kwargs, "name": name, "kind": symbol.name, **why})
        return None
    return AbsentSymbol(f"{symbol.name}()", symbol.absent, symbol.declare)


def _attribute(symbol: AbsentSymbol, name: str) -> Value:
    return AbsentSymbol(f"{symbol.name}.{name}", symbol.absent, symbol.declare)


def _refuse(symbol: AbsentSymbol, *_: Value) -> NoReturn:
    raise NeedsAbsentModule(symbol, "is not known")


def _refuse_operator(operator: str, left: Value, right: Value) -> NoReturn:
    raise NeedsAbsentModule(left if isinstance(left, AbsentSymbol) else right, f"can't be used with `{operator}`")


register(
    AbsentSymbol,
    HostType(
        name="function",
        call=_call,
        dynamic_attr=_attribute,
        binary=_refuse_operator,
        iterate=_refuse,
        index=_refuse,
        contains=_refuse,
        length=_refuse,
        hashable=True,
        repr=lambda symbol, printer: printer.write(f"<{symbol.name} of absent module {symbol.absent.name}>"),
    ),
)
