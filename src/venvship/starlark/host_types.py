"""What a program can do with a value, told by the value's Python class.

Every value of a Starlark program is an object of a class in one table. The table says the type's name, its fields and
methods, and its hooks; what the table does not say, a program can't do. The language's own types are entries like
those that upper packages register for labels, depsets or providers.

Truth is Python's: an object is true unless its class defines `__bool__` or `__len__`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import InternalError

if TYPE_CHECKING:
    from venvship.starlark.printer import Printer

Value: TypeAlias = Any
"""A Starlark value; its type is known at run time only."""


class Missing:
    """The type of `MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
"""A hook's answer "not mine"; also the default of arguments that may be left out."""

_NOTHING: Mapping[str, Callable[..., object]] = {}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HostType:
    """One Starlark type.

    `fields` are read as `value.name` by calling the getter with the value; `methods` take the value first and bind
    the rest of their arguments as built-in functions do. Hooks left None refuse the operation.
    """

    name: str
    fields: Mapping[str, Callable[[Value], object]] = field(default_factory=dict)
    methods: Mapping[str, Callable[..., object]] = field(default_factory=dict)
    dynamic_attr: Callable[[Value, str], object] | None = None
    """`value.name` for names in neither table; answers MISSING when there is no such attribute."""
    dynamic_dir: Callable[[Value], Iterable[str]] | None = None
    call: Callable[..., object] | None = None
    """Called as `call(value, *args, **kwargs)`."""
    length: Callable[[Value], int] | None = None
    iterate: Callable[[Value], Iterable[object]] | None = None
    index: Callable[[Value, Value], object] | None = None
    contains: Callable[[Value, Value], bool] | None = None
    binary: Callable[[str, Value, Value], object] | None = None
    """`binary(operator, left, right)` when either side is of this type; MISSING when it does not apply."""
    as_dict: Callable[[Value, Mapping[str, Value]], object] | None = None
    """What `dict(value, **kwargs)` answers, where that is no question of pairs."""
    equal: Callable[[Value, Value], bool] | None = None
    """Equality with a value of the same type; Python's `==` when None."""
    less: Callable[[Value, Value], bool] | None = None
    """Order between two values of this type."""
    hashable: bool = False
    """May be a dictionary key; Python's `hash` is used, which must not recurse without a bound."""
    repr: Callable[[Value, Printer], None] | None = None
    str: Callable[[Value, Printer], None] | None = None
    children: Callable[[Value], Iterable[object]] | None = None
    """Values inside that freeze together with this one."""


TYPES: dict[type, HostType] = {}
"""The table; exact classes only, so a subclass has to be registered itself."""


def register(python_class: type, host_type: HostType) -> None:
    """Let objects of exactly this class be Starlark values."""
    if host_type.hashable and python_class.__hash__ is None:
        raise InternalError(f"{python_class.__name__} is registered as hashable, but has no hash")
    TYPES[python_class] = host_type


def host_type_of(value: object) -> HostType:
    """The table's entry for a value."""
    found = TYPES.get(type(value))
    if found is None:
        raise InternalError(f"an object of the Python type `{_python_name(value)}` is not a Starlark value")
    return found


def type_name(value: object) -> str:
    """What `type(value)` answers."""
    return host_type_of(value).name


def checked_value(value: object, source: str) -> Value:
    """`value`, once its class is known to the table; `source` says where it comes from."""
    if type(value) not in TYPES:
        raise InternalError(f"{source} gave an object of the Python type `{_python_name(value)}`")
    return value


def _python_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
