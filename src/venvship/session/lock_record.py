"""What targets got from locks, kept so that another lock concerns those that get something else.

Distributions are compared where they are resolved, for each platform, version of Python and group that a build asked
for: a lock that another one takes the place of concerns those of its distributions whose file, version or neighbours
are others there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, fields
from typing import Any, Self, TypeAlias

from venvship.dataclass import dataclass
from venvship.execution.unresumable import Unresumable

Resolved: TypeAlias = dict[tuple[Any, ...], dict[str, str]]
"""The digests of distributions by name, for each circumstances as plain values; the empty name has the direct ones."""


@dataclass(slots=True)
class LockRecord:
    """Plain values only; locks are host paths.

    `locks` have for each hub that a lock fills, by the hub's name and the lock's number in it, a digest of what
    concerns all distributions, and each resolution. `packages` are digests of what packages of hubs declare, by hub and
    path, and `files` those of the `.bzl` files of hubs of which something was loaded. `unlike` are locks of which more
    was read than that, `built` says whether anything was built from source, which takes the rest of a lock into
    account.
    """

    locks: dict[str, dict[tuple[str, int], tuple[str, Resolved]]] = field(default_factory=dict)
    packages: dict[tuple[str, str], str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    unlike: list[str] = field(default_factory=list)
    built: bool = False

    def packed(self) -> list[Any]:
        return [getattr(self, one.name) for one in fields(self)]

    @classmethod
    def unpacked(cls, values: Sequence[Any]) -> Self:
        return cls(*values)

    def renewed(self, part: LockRecord) -> LockRecord:
        """This record with what a command found that looked again at a part of the targets."""
        locks = {path: dict(rows) for path, rows in self.locks.items()}
        for path, rows in part.locks.items():
            known = locks.setdefault(path, {})
            for key, (frame, resolved) in rows.items():
                # Where the lock is another one, every resolution of it was made again.
                known[key] = (frame, {**known.get(key, ("", {}))[1], **resolved})
        return LockRecord(
            locks,
            {**self.packages, **part.packages},
            {**self.files, **part.files},
            [*dict.fromkeys([*self.unlike, *part.unlike])],
            self.built or part.built,
        )

    def check(self, paths: Iterable[str]) -> None:
        """Raise Unresumable where more depends on one of these locks than distributions."""
        for path in paths:
            if self.built or path in self.unlike:
                raise Unresumable(path)
