"""The memo itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from venvship.dataclass import dataclass
from venvship.errors import UserError, VenvshipError
from venvship.memo.keys import AnyKey, AnyObservation, Key, Observation

T = TypeVar("T")


class Cycle(UserError):
    """A computation needs its own result. `path` leads to the first key of the cycle, which is also its last one."""

    def __init__(self, path: tuple[AnyKey, ...]) -> None:
        start = path.index(path[-1])
        lines = [f"    {key}" for key in path[:start]]
        lines.append(f".-> {path[start]}")
        lines += [f"|   {key}" for key in path[start + 1 : -1]]
        lines.append(f"`-- {path[-1]}")
        super().__init__("these depend on each other in a cycle:\n" + "\n".join(lines))
        self.path = path


@dataclass(frozen=True, slots=True)
class Record:
    """What one computation read, in the order it asked first, and the fingerprint of what came out.

    The fingerprint is None when the computation failed or its values can't be compared.
    """

    fingerprint: str | None
    dependencies: tuple[AnyKey, ...]


@dataclass(frozen=True, slots=True)
class _Value(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _Failure:
    error: VenvshipError


class Memo:
    """Values by key, each computed once, failures too."""

    def __init__(self) -> None:
        self._outcomes: dict[AnyKey, _Value[object] | _Failure] = {}
        self._dependencies: dict[AnyKey, tuple[AnyKey, ...]] = {}
        # Insertion order is the path from the outermost computation to the innermost; the values are what each read.
        self._running: dict[AnyKey, dict[AnyKey, None]] = {}
        self._innermost: dict[AnyKey, None] | None = None
        self._asked_outside: set[AnyKey] = set()

    def compute(self, key: Key[T], function: Callable[[], T]) -> T:
        """The value of `key`, from `function` unless it is known already.

        A VenvshipError that `function` raises is kept and raised again for the same key. Raises Cycle when `key` is
        being computed already.
        """
        if self._innermost is not None:
            self._innermost[key] = None
        else:
            self._asked_outside.add(key)
        outcome = self._outcomes.get(key)
        if outcome is None:
            outcome = self._run(key, function)
        if isinstance(outcome, _Failure):
            raise outcome.error.with_traceback(None)
        value: Any = outcome.value
        return value  # type: ignore[no-any-return]  # a call of `cast` costs as much as the look itself

    def _run(self, key: Key[T], function: Callable[[], T]) -> _Value[object] | _Failure:
        if key in self._running:
            raise Cycle((*self._running, key))
        outer = self._innermost
        read: dict[AnyKey, None] = {}
        self._running[key] = self._innermost = read
        outcome: _Value[object] | _Failure
        try:
            outcome = _Value(function())
        except VenvshipError as error:
            outcome = _Failure(error)
        finally:
            del self._running[key]
            self._innermost = outer
        self._outcomes[key] = outcome
        self._dependencies[key] = tuple(read)
        return outcome

    @contextmanager
    def noting(self, key: AnyKey) -> Iterator[None]:
        """Whatever is asked for meanwhile is read by `key`, which has no value, besides what it has read before."""
        outer = self._innermost
        self._innermost = read = dict.fromkeys(self._dependencies.get(key, ()))
        try:
            yield
        finally:
            self._innermost = outer
            self._dependencies[key] = tuple(read)

    def asked_so_far(self) -> tuple[AnyKey, ...]:
        """What the computation in progress has asked for until now, in the order it asked first."""
        return tuple(self._innermost or ())

    def record_of(self, key: AnyKey) -> Record:
        """What the computation of `key` read; raises KeyError when it was not computed."""
        # The fingerprint is taken now and not when the value was made: most builds end without asking for it.
        outcome = self._outcomes[key]
        fingerprint = key.fingerprint(outcome.value) if isinstance(outcome, _Value) else None
        return Record(fingerprint, self._dependencies[key])

    def value_of(self, key: AnyKey) -> Any:
        """The value of `key`; raises KeyError when it was not computed, or failed."""
        outcome = self._outcomes[key]
        if isinstance(outcome, _Failure):
            raise KeyError(key)
        return outcome.value

    def readers(self) -> dict[AnyKey, list[AnyKey]]:
        """Of each key, the computations that asked for it."""
        readers: dict[AnyKey, list[AnyKey]] = {}
        for key, read in self._dependencies.items():
            for one in read:
                readers.setdefault(one, []).append(key)
        return readers

    def was_asked_outside(self, key: AnyKey) -> bool:
        """Whether somebody else than a computation asked for `key`."""
        return key in self._asked_outside

    def observations(self) -> Iterator[tuple[AnyObservation, Record]]:
        """Everything that was asked of the outside, in the order it was asked first."""
        for key in self._dependencies:
            if isinstance(key, Observation):
                yield key, self.record_of(key)
