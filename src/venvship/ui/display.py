"""What a display is, and what it writes to."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from venvship.events.build_events import Event


class TextOutput(Protocol):
    """A stream of text that may be a terminal."""

    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...

    def isatty(self) -> bool: ...


class Display(Protocol):
    """Takes events from several threads and shows them until it is closed."""

    def emit(self, event: Event) -> None: ...

    def aside(self) -> AbstractContextManager[None]:
        """While this lasts, nothing is drawn, and others may write to the same terminal."""
        ...

    def close(self) -> None: ...
