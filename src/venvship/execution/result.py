"""What came of executing actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from venvship.errors import SeveralErrors, VenvshipError
from venvship.execution.outputs import Output
from venvship.model.artifact import Artifact


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """Outputs of everything that was made or found, and how many actions it took.

    `outputs` holds every artifact that was reached, sources included; what failed, or waited for what failed, is not
    in it. `ran` were run, `cached` came from the action cache, `up_to_date` needed nothing.
    """

    outputs: Mapping[Artifact, Output]
    ran: int
    cached: int
    up_to_date: int
    failures: tuple[VenvshipError, ...] = ()

    def raise_failures(self) -> None:
        """Raise what went wrong, if anything did."""
        if len(self.failures) == 1:
            raise self.failures[0]
        if self.failures:
            raise SeveralErrors(self.failures)
