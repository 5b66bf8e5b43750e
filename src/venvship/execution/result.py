"""What came of executing actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from venvship.dataclass import dataclass
from venvship.errors import SeveralErrors, VenvshipError
from venvship.execution.output_state import Trace
from venvship.execution.outputs import Outputs
from venvship.model.action import Action
from venvship.model.paths import ExecPath


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """Outputs of everything that was made or found, and how many actions it took.

    `outputs` holds every artifact that was reached, sources included; what failed, or waited for what failed, is not
    in it. `ran` were run, `cached` came from the action cache, `up_to_date` needed nothing. `actions` are all that
    succeeded in this command so far, `keys` their keys by the first output of each, and `traces` what was seen of their
    outputs when these were made, or found to be there.
    """

    outputs: Outputs
    ran: int
    cached: int
    up_to_date: int
    failures: tuple[VenvshipError, ...] = ()
    actions: tuple[Action, ...] = ()
    keys: Mapping[ExecPath, str] = field(default_factory=dict)
    traces: Mapping[ExecPath, Trace] = field(default_factory=dict)

    def raise_failures(self) -> None:
        """Raise what went wrong, if anything did."""
        if len(self.failures) == 1:
            raise self.failures[0]
        if self.failures:
            raise SeveralErrors(self.failures)
