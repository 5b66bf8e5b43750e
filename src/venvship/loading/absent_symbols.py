"""What files of absent modules export: every name there may be, each of which stands for something unknown.

BUILD files load rules of many languages and tools, and most builds need none of them. So a file of a module that can't
be had loads, and a call of one of its symbols declares a target of the name that the call gives, which can't be built.
Anything else that is done with such a symbol gives another one, until something needs to know what it is: a target to
which one is given can't be built either, and elsewhere the error tells of the module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, NoReturn

from venvship.loading.absent_values import AbsentSymbol, NeedsAbsentModule, unbuildable
from venvship.loading.bzl_loader import BzlFile
from venvship.loading.package_builder import PackageBuilder
from venvship.modules.module_sources import AbsentSource
from venvship.starlark.host_types import HostType, Value, register
from venvship.starlark.thread import current_thread

FOREIGN_KINDS: Final = frozenset({"foreign", "foreign_test"})
"""The rules whose targets stand for what can't be built."""


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


def _call(symbol: AbsentSymbol, /, *args: Value, **kwargs: Value) -> Value:
    context = current_thread().context
    name = kwargs.get("name", args[0] if args else None)
    if isinstance(context, PackageBuilder) and isinstance(name, str):
        given = {**kwargs, "name": name}
        declare = partial(unbuildable, symbol, given, kind=symbol.name, reason=symbol.absent.reason)
        if "name" in kwargs:
            declare()
        else:
            # The text may be no name: `requirement("numpy")`, often and beside a target that is called so.
            context.add_stand_in(name, declare)
    return symbol.part(f"{symbol.name}()")


def _attribute(symbol: AbsentSymbol, name: str) -> Value:
    return symbol.part(f"{symbol.name}.{name}")


def _refuse(symbol: AbsentSymbol, *_: Value) -> NoReturn:
    raise NeedsAbsentModule(symbol, "is not known")


def _operator(operator: str, left: Value, right: Value) -> Value:
    return _part(left if isinstance(left, AbsentSymbol) else right, f"can't be used with `{operator}`")


def _part(symbol: AbsentSymbol, use: str) -> Value:
    """What comes of a symbol where files are read; what rules do with it must be known."""
    if isinstance(current_thread().context, PackageBuilder | BzlFile):
        return symbol
    raise NeedsAbsentModule(symbol, use)


register(
    AbsentSymbol,
    HostType(
        name="function",
        call=_call,
        dynamic_attr=_attribute,
        binary=_operator,
        iterate=_refuse,
        index=lambda symbol, key: _part(symbol, "is not known"),
        as_dict=lambda symbol, more: _part(symbol, "is not known"),
        contains=_refuse,
        length=_refuse,
        hashable=True,
        repr=lambda symbol, printer: printer.write(f"<{symbol.name} of absent module {symbol.absent.name}>"),
    ),
)
