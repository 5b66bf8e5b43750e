"""Actions that belong on another machine than this one."""

from __future__ import annotations

from venvship.dataclass import dataclass
from venvship.model.label import Label


@dataclass(frozen=True, slots=True)
class OtherMachine:
    """The execution platform of an action that this machine is not, by what it has, and why it was chosen.

    `contradictions` are constraint values of the platform, each with what this machine has instead.
    """

    platform: Label
    contradictions: tuple[tuple[Label, Label], ...]
    reason: str
