"""What outputs may say about the build that made them: lines of a key and a value.

Keys that begin with `STABLE_`, and a few others, say which state of the sources was built; the rest, such as the time,
differs from build to build.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final, Self

from venvship.dataclass import dataclass
from venvship.model.configuration import Configuration

STAMP: Final = "stamp"
"""The option of a configuration whose targets are stamped unless they say otherwise."""

_STABLE: Final = frozenset({"BUILD_EMBED_LABEL", "BUILD_HOST", "BUILD_USER"})


def is_stamped(configuration: Configuration) -> bool:
    return means_yes(configuration.get(STAMP))


def means_yes(text: str) -> bool:
    """Whether the value of a flag, as files spell it, turns it on."""
    return text.lower() in ("1", "true", "yes", "t", "y")


@dataclass(frozen=True, slots=True)
class WorkspaceStatus:
    """Values by key; each half has a text of its own."""

    stable: Mapping[str, str] = field(default_factory=lambda: {"BUILD_EMBED_LABEL": ""})
    volatile: Mapping[str, str] = field(default_factory=lambda: {"BUILD_TIMESTAMP": "0"})

    @classmethod
    def of(cls, values: Iterable[tuple[str, str]]) -> Self:
        """Sort values into the halves that their keys belong to; of several for one key the last counts."""
        stable: dict[str, str] = {}
        volatile: dict[str, str] = {}
        for key, value in values:
            (stable if key in _STABLE or key.startswith("STABLE_") else volatile)[key] = value
        return cls(dict(sorted(stable.items())), dict(sorted(volatile.items())))

    @property
    def values(self) -> Mapping[str, str]:
        return {**self.stable, **self.volatile}

    @property
    def stable_text(self) -> str:
        return _text(self.stable)

    @property
    def volatile_text(self) -> str:
        return _text(self.volatile)


def _text(values: Mapping[str, str]) -> str:
    return "".join(f"{key} {value}\n" for key, value in values.items())


UNSTAMPED: Final = WorkspaceStatus()
"""What builds say that tell nothing of themselves: the same everywhere."""
