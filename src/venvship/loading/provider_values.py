"""`provider()` and the values that providers of `.bzl` files make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from venvship.errors import Place
from venvship.loading.exporting import Exportable
from venvship.model.label import Label
from venvship.starlark.builtin import builtin
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError, did_you_mean
from venvship.starlark.host_types import MISSING, HostType, Value, register, type_name
from venvship.starlark.iteration import sequence
from venvship.starlark.printer import Printer
from venvship.starlark.structs import Struct, equal_fields, print_fields
from venvship.starlark.thread import current_thread
from venvship.starlark.values import DICTS


class StarlarkProvider(Exportable):
    """A kind of provider made by `provider()`; its identity is the key that targets are asked with.

    `file` is the `.bzl` file that is the first to bind it to a global, and `name` what it calls it there, known once
    the file is evaluated. `fields` of None allows any.
    """

    __slots__ = ("fields", "file", "init", "name", "place")

    def __init__(self, fields: tuple[str, ...] | None, init: Value, place: Place) -> None:
        self.fields = None if fields is None else frozenset(fields)
        self.init = init
        self.name = ""
        self.file: Label | None = None
        self.place = place

    def export(self, file: Label, name: str) -> None:
        if self.file is None:
            self.file, self.name = file, name

    @property
    def shown(self) -> str:
        return self.name or "<no name>"

    def instance(self, fields: Mapping[str, Value]) -> ProviderInstance:
        """A value of this kind, without `init`."""
        if self.fields is not None:
            for name in fields:
                if name not in self.fields:
                    hint = did_you_mean(name, self.fields)
                    raise EvaluationError(
                        f"unexpected keyword {name} in call to instantiate provider {self.shown}{hint}"
                    )
        return ProviderInstance(self, fields)


class ProviderInstance(Struct):
    """A struct that says which kind of provider it is."""

    __slots__ = ("frozen", "provider")

    def __init__(self, provider: StarlarkProvider, fields: Mapping[str, Value]) -> None:
        super().__init__(fields)
        self.provider = provider
        self.frozen = False

    __hash__ = Struct.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProviderInstance) and _equal(self, other)


class RawConstructor:
    """Makes instances of a provider without its `init`."""

    __slots__ = ("provider",)

    def __init__(self, provider: StarlarkProvider) -> None:
        self.provider = provider


@builtin("provider")
def make_provider(doc: str | None = None, *, fields: Value = None, init: Value = None) -> Value:
    """A kind of provider; with `init`, that and its raw constructor."""
    names: tuple[Value, ...] | None = None
    if type(fields) in DICTS:
        names = tuple(name for name, _ in entries(fields))
    elif fields is not None:
        names = tuple(sequence(fields))
    for name in names or ():
        if type(name) is not str:
            raise EvaluationError(f"at fields, got element of type {type_name(name)}, want string")
    provider = StarlarkProvider(names, init, current_thread().caller_place())
    return provider if init is None else (provider, RawConstructor(provider))


def _call(provider: StarlarkProvider, /, *args: Value, **kwargs: Value) -> ProviderInstance:
    if provider.init is None:
        return _call_raw(RawConstructor(provider), *args, **kwargs)
    fields = provider.init(*args, **kwargs)
    if type(fields) not in DICTS:
        raise EvaluationError(f"got {type_name(fields)} for 'init callback return value', want dict")
    return provider.instance(dict(entries(fields)))


def _call_raw(constructor: RawConstructor, /, *args: Value, **kwargs: Value) -> ProviderInstance:
    if args:
        raise EvaluationError(f"{constructor.provider.shown}: unexpected positional arguments")
    return constructor.provider.instance(kwargs)


def _equal(left: ProviderInstance, right: ProviderInstance) -> bool:
    return left.provider is right.provider and equal_fields(left, right)


def _attribute(value: ProviderInstance, name: str) -> object:
    return value.fields.get(name, MISSING)


def _names(value: ProviderInstance) -> Iterable[str]:
    return value.fields


def _children(value: ProviderInstance) -> Iterable[Value]:
    # Asked for by freezing only, and what is frozen stays so: chains of providers are long, and are walked once.
    if value.frozen:
        return ()
    value.frozen = True
    return value.fields.values()


def _repr_instance(value: ProviderInstance, printer: Printer) -> None:
    print_fields(printer, "struct", value.fields)


def _repr_provider(provider: StarlarkProvider, printer: Printer) -> None:
    printer.write(f"<provider {provider.shown}>")


def _repr_constructor(constructor: RawConstructor, printer: Printer) -> None:
    printer.write(f"<raw constructor for {constructor.provider.shown}>")


register(StarlarkProvider, HostType(name="Provider", call=_call, hashable=True, repr=_repr_provider))
register(RawConstructor, HostType(name="builtin_function_or_method", call=_call_raw, repr=_repr_constructor))
register(
    ProviderInstance,
    HostType(
        name="struct",
        dynamic_attr=_attribute,
        dynamic_dir=_names,
        equal=_equal,
        hashable=True,
        repr=_repr_instance,
        children=_children,
    ),
)
