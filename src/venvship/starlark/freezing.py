"""Making everything reachable from a value immutable for ever."""

from __future__ import annotations

from types import FunctionType

from venvship.starlark.builtin import BoundMethod, Builtin
from venvship.starlark.host_types import TYPES, Value
from venvship.starlark.values import DICTS, FROZEN, FrozenDict, FrozenList, FrozenSet

_DONE = frozenset([str, int, bool, float, type(None), range, Builtin, FrozenList, FrozenDict, FrozenSet])

_HOLDERS = frozenset([*FROZEN, tuple, FunctionType, BoundMethod])


def freeze(value: Value) -> None:
    """Freeze `value` and all it reaches; aliases stay aliases."""
    # An explicit stack, and identities of what was seen: values can be deep, and can be shared many times.
    pending = [value]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        kind = type(current)
        if kind in _DONE:
            continue
        host_type = TYPES.get(kind)
        if kind not in _HOLDERS and (host_type is None or host_type.children is None):
            continue
        # Only now: calls of `id` are audited, and somebody may listen.
        identity = id(current)
        if identity in seen:
            continue
        seen.add(identity)
        frozen = FROZEN.get(kind)
        if frozen is not None:
            current.__class__ = frozen
            pending.extend(current.values() if kind in DICTS else current)
        elif kind is tuple:
            pending.extend(current)
        elif kind is FunctionType:
            pending.extend(current.__defaults__ or ())
            pending.extend((current.__kwdefaults__ or {}).values())
            for cell in current.__closure__ or ():
                try:
                    pending.append(cell.cell_contents)
                except ValueError:  # a variable that was never bound
                    continue
        elif kind is BoundMethod:
            pending.append(current.receiver)
        elif host_type is not None and host_type.children is not None:
            pending.extend(host_type.children(current))
