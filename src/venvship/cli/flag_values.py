"""The values that flags have in one command, after rc files and command line were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from venvship.cli.flags import Flag, FlagKind
from venvship.dataclass import dataclass
from venvship.errors import Place

YES = frozenset({"yes", "true", "1", "y", "t"})
NO = frozenset({"no", "false", "0", "n", "f"})


@dataclass(frozen=True, slots=True)
class FlagValues:
    """What was said about each flag, in order; every text was checked against its flag.

    `places` tells where the last value of a flag stands; None is the command line.

    Asking for a flag that the command does not have is a KeyError: commands ask for their own flags only.
    """

    table: Mapping[str, Flag]
    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: Mapping[str, Place | None] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The last value, or the default."""
        return self.said.get(name, (self.table[name].default,))[-1]

    def boolean(self, name: str) -> bool:
        return self.text(name).lower() in YES

    def tristate(self, name: str) -> bool | None:
        """None for `auto`."""
        text = self.text(name).lower()
        return True if text in YES else False if text in NO else None

    def number(self, name: str) -> int:
        return int(self.text(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of a flag that may be repeated; the parts of the last one of a comma list."""
        if self.table[name].kind is FlagKind.COMMA_TEXTS:
            return tuple(part for part in self.text(name).split(",") if part)
        return self.said.get(name, ())

    def pairs(self, name: str) -> dict[str, str]:
        """`NAME=VALUE` pairs; the last one of a name counts."""
        return dict(_pair(text) for text in self.texts(name))

    def was_said(self, name: str) -> bool:
        return name in self.said


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
