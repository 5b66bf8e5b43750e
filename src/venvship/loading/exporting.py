"""Values that learn what they are called from the global they are bound to."""

from __future__ import annotations

from abc import ABC, abstractmethod

from venvship.model.label import Label


class Exportable(ABC):
    """Told its name once the `.bzl` file that made it has run; providers and rules are such values."""

    __slots__ = ()

    @abstractmethod
    def export(self, file: Label, name: str) -> None:
        """Take the first name that is offered."""
