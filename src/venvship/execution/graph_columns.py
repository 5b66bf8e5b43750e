"""The action graph of a build, kept so that a later command can run the part that changed files concern.

Everything is numbered: artifacts, depsets, actions, tests. Depsets are kept as the shared nodes that they are. For each
artifact and each depset there are the numbers of what reads it, so the part that a change concerns is found without
looking at the rest; only that part becomes objects again.

Actions that read nothing are not kept, for no change of a file concerns them. Nor is the text of actions whose
arguments depend on what directories hold; a change that concerns one of these is `Unresumable`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from venvship.execution.test_request import CachePolicy
from venvship.model.artifact import ArtifactKind
from venvship.model.depset import Order

Record: TypeAlias = tuple[Any, ...]
"""What `marshal` can keep: nested tuples of plain values."""

# A reader is its number times `WAYS` plus what it is.
DEPSET, ACTION, TEST, PROGRAM = 0, 1, 2, 3
WAYS = 4
KINDS = tuple(ArtifactKind)
ORDERS = tuple(Order)
POLICIES = tuple(CachePolicy)


class Columns:
    """A record taken apart, as `GraphWriter.record` put it together."""

    def __init__(self, record: Record) -> None:
        """Raises ValueError for what is no record."""
        (
            self._roots,
            self._owners,
            self._rows,
            self._texts,
            self._readers,
            self._depset_rows,
            self._depset_readers,
            self._actions,
            self._keys,
            self._outputs,
            self._generated_by,
            self._tests,
            self._programs,
        ) = self._record = record
