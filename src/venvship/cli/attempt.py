"""What is left of a try to go on from the last command that had to be given up."""

from __future__ import annotations

from dataclasses import field, replace

from venvship.dataclass import dataclass
from venvship.events.build_events import Message
from venvship.session.outcomes import BuildOutcome


@dataclass(slots=True)
class Attempt:
    """The command that then loads and analyses everything says nothing twice, and counts what was made before.

    `messages` were shown already, and `ran` and `cached` count actions that were run or taken from the cache.
    """

    messages: list[Message] = field(default_factory=list)
    ran: int = 0
    cached: int = 0

    def has_told(self, message: Message) -> bool:
        """Whether a message was shown; of several equal ones as many count as there were."""
        if message not in self.messages:
            return False
        self.messages.remove(message)
        return True

    def counted(self, outcome: BuildOutcome) -> BuildOutcome:
        """What came of the whole command, of whose last part this is the outcome."""
        return replace(
            outcome,
            actions_run=outcome.actions_run + self.ran,
            actions_cached=outcome.actions_cached + self.cached,
            up_to_date=max(outcome.up_to_date - self.ran - self.cached, 0),
        )
