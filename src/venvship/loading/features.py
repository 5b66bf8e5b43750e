"""Features of targets: words that ask for something, or with a `-` before them refuse it."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Self

from venvship.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Features:
    """What is asked for and what is refused, sorted; nothing is both."""

    asked: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @classmethod
    def parse(cls, words: Iterable[str]) -> Self:
        """What one place says; where it says both, it refuses.

        >>> Features.parse(["fast", "-safe", "-fast"])
        Features(asked=(), refused=('fast', 'safe'))
        """
        every = list(words)
        refused = {word[1:] for word in every if word.startswith("-")}
        return cls._of({word for word in every if not word.startswith("-")} - refused, refused)

    @classmethod
    def _of(cls, asked: Set[str], refused: Set[str]) -> Self:
        return cls(tuple(sorted(asked)), tuple(sorted(refused)))

    def overridden_by(self, nearer: Features) -> Features:
        """These, where `nearer`, which is closer to the target, does not know better."""
        asked, refused = set(self.asked), set(self.refused)
        return Features._of(
            (asked - set(nearer.refused)).union(nearer.asked), (refused - set(nearer.asked)).union(nearer.refused)
        )

    def with_command(self, said: Features) -> Features:
        """These under a configuration: what it refuses stays refused, what it asks for may be refused."""
        refused = {*self.refused, *said.refused}
        return Features._of({*self.asked, *said.asked} - refused, refused)


NO_FEATURES = Features()
