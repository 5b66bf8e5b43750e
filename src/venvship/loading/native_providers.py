"""Providers that are Python classes, as `.bzl` files see them: `PyInfo`, `DefaultInfo` and their like.

A rule written in Starlark and a built-in one thereby speak of one thing: `dep[PyInfo]` finds the object that
`py_library` returned, and `PyInfo(...)` in a `.bzl` file makes an object of the same class.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

from venvship.loading.depset_values import check_elements
from venvship.loading.provider_values import ProviderInstance, RawConstructor, StarlarkProvider
from venvship.model.depset import Depset
from venvship.starlark.builtin import Builtin
from venvship.starlark.conversion import from_host
from venvship.starlark.errors import EvaluationError, did_you_mean
from venvship.starlark.freezing import freeze
from venvship.starlark.host_types import MISSING, TYPES, HostType, Value, register, type_name
from venvship.starlark.keys import key_of
from venvship.starlark.printer import Printer
from venvship.starlark.structs import print_fields
from venvship.starlark.values import LISTS, FrozenDict, FrozenList

Getters = Mapping[str, Callable[[Value], object]]


class NativeProvider:
    """The symbol of one such provider. `key` is the class; `make` is what calling the symbol does."""

    __slots__ = ("key", "make", "name")

    def __init__(self, name: str, key: type, make: Callable[..., object] | None) -> None:
        self.name = name
        self.key = key
        self.make = None if make is None else Builtin(name, make)


class ForeignProvider:
    """A provider of a language that is not supported: nothing has it, nobody can make it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def native_provider(
    name: str,
    key: type,
    getters: Getters | None = None,
    *,
    make: Callable[..., object] | None = None,
    attribute: Callable[[Value, str], object] | None = None,
    names: Callable[[Value], Iterable[str]] | None = None,
    index: Callable[[Value, Value], object] | None = None,
    contains: Callable[[Value, Value], bool] | None = None,
    methods: Mapping[str, Callable[..., object]] | None = None,
    iterate: Callable[[Value], Iterable[object]] | None = None,
) -> NativeProvider:
    """The symbol of the provider `key`, whose objects become values with these fields.

    `attribute`, `names`, `index`, `contains` and `iterate` are hooks for fields that objects choose themselves.
    """
    shown = dict(getters or {})

    def fields_of(value: Value) -> dict[str, Value]:
        every = {one: getter(value) for one, getter in shown.items()}
        return every if names is None else every | {one: (attribute or _nothing)(value, one) for one in names(value)}

    def print_value(value: Value, printer: Printer) -> None:
        print_fields(printer, name, fields_of(value))

    register(
        key,
        HostType(
            name=name,
            fields=shown,
            methods=methods or {},
            dynamic_attr=attribute,
            dynamic_dir=names,
            index=index,
            contains=contains,
            iterate=iterate,
            hashable=key.__hash__ is not None,
            repr=print_value,
        ),
    )
    _KEYS.add(key)
    return NativeProvider(name, key, make)


def is_provider(value: object) -> bool:
    """Whether a value is an object of some provider, built in or made by `provider()`."""
    return isinstance(value, ProviderInstance) or type(value) in _KEYS


_KEYS: set[type] = set()
"""The classes of all native providers."""


def dataclass_provider(
    name: str,
    key: type,
    *,
    makeable: bool = False,
    make: Callable[..., object] | None = None,
    more: Getters | None = None,
    elements: Mapping[str, str] | None = None,
    also: Mapping[str, str] | None = None,
) -> NativeProvider:
    """The symbol of a provider that is a dataclass; programs see the fields that hold values of the language.

    With `makeable`, and defaults for all fields, programs may make objects of it; `make` does it in a way of its own.
    `more` are fields that the class has not, and `elements` the types of elements that depsets must have, by field.
    `also` are fields that take the value of another one where programs make an object.
    """
    defaults = {one.name: _default(one) for one in dataclasses.fields(key)}

    def attribute(value: Value, field_name: str) -> object:
        if field_name not in defaults:
            return MISSING
        return _field_value(value, field_name)

    def made(**given: Value) -> object:
        for field_name, value in given.items():
            if field_name not in defaults:
                raise EvaluationError(
                    f"{name}() got unexpected keyword argument '{field_name}'{did_you_mean(field_name, defaults)}"
                )
            default = defaults[field_name]
            if value is not None and default is not None and type(value) is not type(default):
                raise EvaluationError(
                    f"in call to {name}(), parameter '{field_name}' got value of type '{type_name(value)}', "
                    f"want '{type_name(default)}'"
                )
            if isinstance(value, Depset) and field_name in (elements or {}):
                check_elements(value, (elements or {})[field_name], field_name)
        said = {field_name: value for field_name, value in given.items() if value is not None}
        return key(**said, **{hidden: said[source] for hidden, source in (also or {}).items() if source in said})

    return native_provider(
        name,
        key,
        more,
        make=made if makeable else make,
        attribute=attribute,
        names=lambda value: [one for one in defaults if attribute(value, one) is not MISSING],
    )


def opaque(name: str, key: type, more: Getters | None = None) -> None:
    """Let objects of a dataclass or named tuple be values, of whose fields programs see what is of the language.

    `more` are fields that the class has not.
    """
    names = tuple(getattr(key, "_fields", ())) or tuple(one.name for one in dataclasses.fields(key))

    def attribute(value: Value, field_name: str) -> object:
        return _field_value(value, field_name) if field_name in names else MISSING

    shown = dict(more or {})
    register(
        key, HostType(name=name, fields=shown, dynamic_attr=attribute, dynamic_dir=lambda value: names, hashable=True)
    )


def _field_value(value: Value, name: str) -> object:
    found = getattr(value, name)
    inside = found if type(found) is tuple else found.values() if isinstance(found, Mapping) else (found,)
    if type(found) not in TYPES and not isinstance(found, Mapping):
        return MISSING
    return shown_value(found) if all(type(one) in TYPES for one in inside) else MISSING


def _default(one: dataclasses.Field[object]) -> object:
    if one.default_factory is not dataclasses.MISSING:
        return one.default_factory()
    return None if one.default is dataclasses.MISSING else one.default


def field(name: str) -> Callable[[Value], object]:
    """A getter of the attribute `name`; tuples and mappings become values that never change."""

    def get(value: Value) -> object:
        return shown_value(getattr(value, name))

    return get


def shown_value(found: object) -> Value:
    """A plain Python value as a frozen value of the language; tuples show as lists."""
    if type(found) is tuple:
        return FrozenList([shown_value(element) for element in found])
    if isinstance(found, Mapping):
        return FrozenDict([(key_of(key), shown_value(value)) for key, value in found.items()])
    if type(found) in LISTS:
        converted = from_host(found)
        freeze(converted)
        return converted
    return found


def provider_key(symbol: Value) -> Hashable | None:
    """The key by which targets are asked for a provider; None for a value that is no provider symbol."""
    if isinstance(symbol, NativeProvider):
        return symbol.key
    if isinstance(symbol, StarlarkProvider | ForeignProvider):
        return symbol
    return symbol.provider if isinstance(symbol, RawConstructor) else None


def provided_keys(provides: Sequence[Value]) -> frozenset[Hashable]:
    """The keys of what a rule or an aspect says that it provides; raises EvaluationError."""
    keys = []
    for symbol in provides:
        key = provider_key(symbol)
        if key is None:
            raise EvaluationError(f"illegal argument: element in 'provides' is {type_name(symbol)}, not a provider")
        keys.append(key)
    return frozenset(keys)


def key_of_instance(instance: object) -> Hashable:
    """The key under which a target holds a provider."""
    if isinstance(instance, ProviderInstance):
        return instance.provider
    kind: Hashable = type(instance)  # type: ignore[assignment]
    return kind


def provider_name(key: Hashable) -> str:
    """How messages call the provider of a key."""
    if isinstance(key, StarlarkProvider):
        return key.shown
    return str(getattr(key, "name", None) or getattr(key, "__name__", key))


def _nothing(value: Value, name: str) -> object:
    return MISSING


def _call(provider: NativeProvider, /, *args: Value, **kwargs: Value) -> Value:
    if provider.make is None:
        raise EvaluationError(f"{provider.name} can't be made in .bzl files; built-in rules provide it")
    return provider.make(*args, **kwargs)


def _refuse(provider: ForeignProvider, /, *args: Value, **kwargs: Value) -> Value:
    raise EvaluationError(f"{provider.name} is not supported")


def _repr(provider: NativeProvider | ForeignProvider, printer: Printer) -> None:
    printer.write(f"<provider {provider.name}>")


register(NativeProvider, HostType(name="Provider", call=_call, hashable=True, repr=_repr))
register(ForeignProvider, HostType(name="Provider", call=_refuse, hashable=True, repr=_repr))
