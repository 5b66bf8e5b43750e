"""Flags as values: what one is called, what it takes, and whom it concerns."""

from __future__ import annotations

import enum

from venvship.dataclass import dataclass

STARTUP = "startup"
"""The pseudo command of options that stand before the command."""

BUILDING = ("build", "test", "coverage", "run", "info", "clean", "image", "sync")
"""Commands that take the flags of `build`: a build may be part of them, and rc files give them its lines."""

EVERYWHERE = (*BUILDING, "query", "lock", "version", "help")
"""All commands."""


class FlagKind(enum.Enum):
    """What a flag takes; the value is how help shows it."""

    BOOLEAN = ""  # --flag, --noflag, --flag=yes
    TRISTATE = "yes|no|auto"  # --flag, --noflag, --flag=auto
    TEXT = "TEXT"
    NUMBER = "N"
    TEXTS = "TEXT..."  # may be repeated, all count
    COMMA_TEXTS = "A,B,..."  # a comma list, the last one counts
    PAIRS = "NAME=VALUE"  # may be repeated, the last one of a name counts


class Effect(enum.Enum):
    WORKS = enum.auto()
    NONE = enum.auto()  # accepted, so that rc files and scripts keep working; the result is the same without it
    REFUSED = enum.auto()  # the result would not be what it promises: an error, or a warning when an rc file says it


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. `values` are the only ones it takes; `reason` says why it is refused, or what of a flag
    without effect whoever says it on the command line would miss.

    `harmless` are the values of a refused flag that ask for nothing we don't do. `setting` is the label of the build
    setting that a flag with yes and no is short for.
    """

    name: str
    kind: FlagKind
    commands: tuple[str, ...]
    help: str = ""
    values: tuple[str, ...] = ()
    default: str = ""
    abbreviation: str = ""
    effect: Effect = Effect.WORKS
    reason: str = ""
    harmless: tuple[str, ...] = ()
    setting: str = ""

    @property
    def takes_value(self) -> bool:
        """Whether the next word is its value when there is no `=`."""
        return self.kind not in (FlagKind.BOOLEAN, FlagKind.TRISTATE)

    @property
    def can_be_negated(self) -> bool:
        return not self.takes_value

    @property
    def spelling(self) -> str:
        """How help shows it: `--[no]keep_going`, `--jobs=N`, `--color=yes|no|auto`."""
        if self.kind is FlagKind.BOOLEAN:
            text = f"--[no]{self.name}"
        else:
            text = f"--{self.name}={'|'.join(self.values) or self.kind.value}"
        return f"-{self.abbreviation}, {text}" if self.abbreviation else text
