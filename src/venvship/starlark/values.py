"""The mutable values and the struct.

Lists, dictionaries and sets are Python's, in classes of our own. Which class tells whether the value may change:
freezing or an active loop assigns another class in place, so that aliases see it and nothing is copied.
"""

from __future__ import annotations

from typing import TypeAlias

from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import Value


class List(list[Value]):
    """A list that may change."""

    __slots__ = ()


class FrozenList(List):
    """A list that never changes again."""

    __slots__ = ()


class LockedList(List):
    """A list that a loop iterates over."""

    __slots__ = ()


class Dict(dict[Value, Value]):
    """A dictionary that may change.

    Keys are stored as `keys.key_of` encodes them; read them with `dicts.entries`.
    """

    __slots__ = ()


class FrozenDict(Dict):
    """A dictionary that never changes again."""

    __slots__ = ()


class LockedDict(Dict):
    """A dictionary that a loop iterates over."""

    __slots__ = ()


class Set(dict[Value, None]):
    """A set in order of insertion that may change; elements are stored as keys are."""

    __slots__ = ()


class FrozenSet(Set):
    """A set that never changes again."""

    __slots__ = ()


class LockedSet(Set):
    """A set that a loop iterates over."""

    __slots__ = ()


Container: TypeAlias = List | Dict | Set

LISTS = frozenset([List, FrozenList, LockedList])
DICTS = frozenset([Dict, FrozenDict, LockedDict])
SETS = frozenset([Set, FrozenSet, LockedSet])

FROZEN: dict[type, type] = {
    List: FrozenList,
    LockedList: FrozenList,
    Dict: FrozenDict,
    LockedDict: FrozenDict,
    Set: FrozenSet,
    LockedSet: FrozenSet,
}
LOCKED: dict[type, type] = {List: LockedList, Dict: LockedDict, Set: LockedSet}

_NOUN: dict[type, str] = {
    FrozenList: "list",
    LockedList: "list",
    FrozenDict: "dict",
    LockedDict: "dict",
    FrozenSet: "set",
    LockedSet: "set",
}


def check_mutable(value: Container) -> None:
    """Refuse to change what is frozen or iterated over."""
    kind = type(value)
    if kind is List or kind is Dict or kind is Set:
        return
    noun = _NOUN[kind]
    if kind in LOCKED.values():
        raise EvaluationError(f"{noun} value is temporarily immutable due to active for-loop iteration")
    raise EvaluationError(f"trying to mutate a frozen {noun} value")
