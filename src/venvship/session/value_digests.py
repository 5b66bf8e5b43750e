"""Digests of what `.bzl` files make: equal for values of which a build can't tell one from the other.

A file that says something else may still make the same values. A function is its code and what it can reach: its
defaults, what it closes over, the globals that it names. A rule is its function, its attributes, their transitions,
aspects and defaults, and so on. Where a value stands in its file is no part of it, but the file is.

Only classes that are known here have digests. For a value that can't be told from others by its content alone — a
provider without a name, whatever somebody adds to the language — there is none, and it counts as another one each time.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

from venvship.analysis.starlark_api.rule_function import Environment
from venvship.errors import Place, VenvshipError
from venvship.loading.aspects import AspectDefinition
from venvship.loading.attribute_values import LabelReader
from venvship.loading.autoloads import Autoloaded
from venvship.loading.bzl_loader import BzlLoader
from venvship.loading.computed_defaults import ComputedDefault
from venvship.loading.config_module import LateBoundDefault, StandardTransition
from venvship.loading.evaluation import Evaluator
from venvship.loading.macro_definition import MacroDefinition
from venvship.loading.native_providers import ForeignProvider, NativeProvider
from venvship.loading.provider_values import ProviderInstance, RawConstructor, StarlarkProvider
from venvship.loading.rule_class import RuleClass
from venvship.loading.rule_definition import RuleDefinition
from venvship.loading.rule_functions import Unsupported
from venvship.loading.subrule_definition import SubruleDefinition
from venvship.model.depset import Depset
from venvship.starlark.builtin import BoundMethod, Builtin
from venvship.starlark.containers import entries
from venvship.starlark.host_types import Value
from venvship.starlark.keys import value_of
from venvship.starlark.structs import Struct
from venvship.starlark.thread import RECORD
from venvship.starlark.values import DICTS, LISTS, SETS

_MOST_REPETITIONS = 2000
"""Circles of functions are gone through on all ways, so there may not be too many."""

_IDENTITY = re.compile(r"\S+ \d+:\d+ [0-9a-f]{16}\Z")
"""What compiled functions are told apart by while they run: name, position, and a digest of the whole file."""

_PLAIN = frozenset([str, int, float, bool, bytes, type(None)])
_OPAQUE = frozenset([Place, BzlLoader, Environment, Evaluator])
"""Says where something stands, or is the same for all values of one release."""

_ATTRIBUTES: Mapping[type, tuple[str, ...]] = {
    AspectDefinition: ("attribute_class", "terms"),
    Autoloaded: ("name", "_file"),
    ComputedDefault: ("parameters", "_function", "_labels", "_spec"),
    ForeignProvider: ("name",),
    LabelReader: ("package", "mapping"),
    LateBoundDefault: ("fragment", "field"),
    MacroDefinition: ("name", "home", "_is_finalizer", "_implementation", "_own", "_inherited"),
    NativeProvider: ("name", "key"),
    ProviderInstance: ("provider", "fields"),
    RawConstructor: ("provider",),
    RuleDefinition: ("rule_class", "parent", "is_extendable", "_initializer", "_through"),
    StandardTransition: ("name",),
    StarlarkProvider: ("file", "name", "fields", "init"),
    Struct: ("fields",),
    SubruleDefinition: ("name", "function", "attributes", "toolchains", "subrules"),
    Unsupported: ("name",),
}
"""What makes values of classes that are no dataclasses."""

_BY_NAME = frozenset([MacroDefinition, StarlarkProvider, SubruleDefinition])
"""Whose values are other ones where names are others; those without a name can't be told apart."""


class _Unknown(Exception):
    """A value that has no digest."""


class ValueDigests:
    """Digests of values that do not change any more; each value is looked into once, as a rule."""

    def __init__(self, *, without: frozenset[str] = frozenset()) -> None:
        """Those fields of rule classes count for nothing that the digests are `without`."""
        self._without = without
        self._known: dict[int, bytes] = {}
        # Keeps values alive, so that no other one gets the id of one that is known.
        self._held: list[Value] = []
        self._depths: dict[int, int] = {}
        self._lowest = 0
        self._seen: set[int] = set()
        self._repetitions = 0

    def of(self, value: Value) -> str | None:
        """The digest of a value; None where there is none."""
        self._depths.clear()
        self._seen.clear()
        self._lowest = self._repetitions = 0
        try:
            return self._digest(value).hex()
        except (_Unknown, RecursionError, VenvshipError):
            return None

    def _digest(self, value: Value) -> bytes:
        kind = type(value)
        if kind in _PLAIN:
            return _plain(kind.__name__, value)
        known = self._known.get(id(value))
        if known is not None:
            return known
        depth = len(self._depths)
        above = self._depths.get(id(value))
        if above is not None:
            self._lowest = min(self._lowest, above)
            return b"^%d" % (depth - above)
        self._repetitions += id(value) in self._seen
        if self._repetitions > _MOST_REPETITIONS:
            raise _Unknown
        self._seen.add(id(value))
        outer, self._lowest = self._lowest, depth
        self._depths[id(value)] = depth
        hasher = hashlib.blake2b(digest_size=16)
        for part in self._parts(kind, value):
            hasher.update(b"%d:" % len(part))
            hasher.update(part)
        del self._depths[id(value)]
        found = hasher.digest()
        if self._lowest >= depth:
            # Nothing in it leads to what stands around it, so it is the same wherever it stands.
            self._known[id(value)] = found
            self._held.append(value)
        self._lowest = min(outer, self._lowest)
        return found

    def _parts(self, kind: type, value: Any) -> Iterator[bytes]:
        digest = self._digest
        if kind in LISTS or kind is tuple:
            yield b"tuple" if kind is tuple else b"list"
            yield from map(digest, value)
        elif kind in DICTS:
            yield b"dict"
            yield from self._pairs(entries(value))
        elif kind in SETS:
            yield b"set"
            yield from (digest(value_of(key)) for key in value)
        elif kind is FunctionType:
            yield from self._function(value)
        elif kind is Builtin:
            yield b"built-in"
            yield digest(value.name)
            yield digest(value.method_of)
            yield digest(value.function)
        elif kind is BoundMethod:
            yield b"method"
            yield digest(value.method.name)
            yield digest(value.receiver)
        elif kind is RuleClass and value.defined_in is None:
            if not value.name:
                raise _Unknown
            yield b"built-in rule"
            yield digest(value.name)
        elif kind is Depset:
            yield b"depset"
            yield digest(value.order.value)
            yield digest(value.direct)
            yield digest(value.transitive)
        elif kind is range:
            yield repr(value).encode()
        elif kind in _OPAQUE:
            yield b"opaque"
        elif kind is frozenset:
            yield b"frozenset"
            yield from sorted(map(digest, value))
        elif isinstance(value, Mapping):
            yield b"mapping"
            yield from self._pairs(value.items())
        elif isinstance(value, enum.Enum):
            yield _python_name(kind).encode()
            yield value.name.encode()
        elif isinstance(value, type):
            yield b"class"
            yield _python_name(value).encode()
        else:
            if kind in _BY_NAME and not value.name:
                raise _Unknown
            yield _python_name(kind).encode()
            for name in _names_in(kind):
                if kind is not RuleClass or name not in self._without:
                    yield digest(getattr(value, name))

    def _pairs(self, pairs: Iterable[tuple[Any, Any]]) -> Iterator[bytes]:
        for key, value in pairs:
            yield self._digest(key)
            yield self._digest(value)

    def _function(self, function: FunctionType) -> Iterator[bytes]:
        record = function.__globals__.get(RECORD)
        names: dict[str, None] = {}
        if record is None:
            # Ours: its code is that of this release, and what it closes over may come from a file.
            yield b"python function"
            yield _python_name(function).encode()
        else:
            yield b"function"
            yield self._digest(record.label)
            yield from self._code(function.__code__, names)
        yield self._digest(function.__defaults__)
        yield from self._pairs((function.__kwdefaults__ or {}).items())
        for cell in function.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:
                yield b"empty"
            else:
                yield self._digest(content)
        for name in names:
            # What is no global of the file is a name of the language, which is the same everywhere.
            if name in function.__globals__ and name != RECORD:
                yield name.encode()
                yield self._digest(function.__globals__[name])

    def _code(self, code: CodeType, names: dict[str, None]) -> Iterator[bytes]:
        """What code does; positions are no part of it."""
        names.update(dict.fromkeys(code.co_names))
        yield code.co_name.encode()
        yield repr(
            (
                code.co_argcount,
                code.co_posonlyargcount,
                code.co_kwonlyargcount,
                code.co_flags,
                code.co_names,
                code.co_varnames,
                code.co_freevars,
                code.co_cellvars,
            )
        ).encode()
        yield code.co_code
        yield code.co_exceptiontable
        identified = False
        for position, constant in enumerate(code.co_consts):
            if isinstance(constant, CodeType):
                yield from self._code(constant, names)
            elif position < 2 and not identified and isinstance(constant, str) and _IDENTITY.match(constant):
                identified = True
                yield b"identity"
            else:
                yield self._digest(constant)


def _plain(kind: str, value: object) -> bytes:
    # Values that are equal may not be the same: 1, True and 1.0.
    return f"{kind} {value!r}".encode("utf-8", "surrogatepass")


def _names_in(kind: type) -> Iterable[str]:
    names = _ATTRIBUTES.get(kind)
    if names is not None:
        return names
    if dataclasses.is_dataclass(kind) and kind.__module__.startswith("venvship."):
        return [one.name for one in dataclasses.fields(kind)]
    raise _Unknown(kind)


def _python_name(value: Callable[..., object] | type) -> str:
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}"
