"""What computations are named by."""

from __future__ import annotations

import hashlib
from typing import Any, Generic, TypeAlias, TypeVar

from venvship.dataclass import HashedOnce, dataclass

T = TypeVar("T")


class Key(HashedOnce, Generic[T]):
    """The name of one computation whose value is a `T`.

    Subclasses are frozen dataclasses of plain values. `str` of a key stands in messages.
    """

    __slots__ = ()

    def fingerprint(self, value: T) -> str | None:
        """A text that is equal for equal values; None when values of this kind can't be compared.

        Whatever depends on a value without a fingerprint is out of date as soon as the value is computed anew.
        """
        return None


AnyKey: TypeAlias = Key[Any]
"""A key whose value may be of any type: what records hold."""


class Observation(Key[T]):
    """A key whose value comes from outside: it depends on no other key, and always has a fingerprint."""

    __slots__ = ()

    def fingerprint(self, value: T) -> str:
        raise TypeError(f"{type(self).__name__} must say how its value is compared")


AnyObservation: TypeAlias = Observation[Any]


@dataclass(frozen=True, slots=True)
class FileContent(Observation[bytes | None]):
    """The bytes of the file at a host path; None when there is no file."""

    path: str

    def fingerprint(self, value: bytes | None) -> str:
        return "absent" if value is None else hashlib.sha256(value).hexdigest()

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class EntryState(Observation[str]):
    """What is at a host path, links followed: `file`, `directory`, `other` or `absent`."""

    path: str

    def fingerprint(self, value: str) -> str:
        return value

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class DirectoryEntries(Observation[tuple[tuple[str, str, bool], ...]]):
    """The sorted entries of the directory at a host path: name, state with links followed, whether it is a link.

    A directory that does not exist has none.
    """

    path: str

    def fingerprint(self, value: tuple[tuple[str, str, bool], ...]) -> str:
        text = "\n".join(f"{name}\0{state}\0{is_link}" for name, state, is_link in value)
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

    def __str__(self) -> str:
        return self.path + "/"


@dataclass(frozen=True, slots=True)
class RealPath(Observation[str]):
    """Where a host path leads, every link in it resolved."""

    path: str

    def fingerprint(self, value: str) -> str:
        return value

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class EnvironmentVariable(Observation[str | None]):
    """The value of an environment variable of the client."""

    name: str

    def fingerprint(self, value: str | None) -> str:
        return "unset" if value is None else f"={value}"

    def __str__(self) -> str:
        return f"${self.name}"
