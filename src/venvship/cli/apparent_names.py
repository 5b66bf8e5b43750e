"""The names of repositories as the user writes them, in what is said to the user."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from venvship.events.build_events import (
    ActionFinished,
    ActionStarted,
    Event,
    EventSink,
    Message,
    PhaseProgress,
    Severity,
)
from venvship.model.label import MAIN_REPOSITORY

_CANONICAL = re.compile(r"@@([A-Za-z0-9_.+~-]+)(?=//)")


class ApparentNames:
    """Turns `@@canonical//` into `@apparent//` where the main repository has such a name.

    What it calls them is not known before MODULE.bazel has been read: until then texts stay as they are.
    """

    def __init__(self) -> None:
        self._names: Mapping[str, str] = {}

    def learn(self, mapping: Mapping[str, str]) -> None:
        """Take the names from the repository mapping of the main repository."""
        # The shortest of several names, and of these the first.
        pairs = sorted(mapping.items(), key=lambda pair: (len(pair[0]), pair[0]), reverse=True)
        self._names = {
            canonical: apparent for apparent, canonical in pairs if apparent and canonical != MAIN_REPOSITORY
        }

    def shown(self, text: str) -> str:
        """
        >>> names = ApparentNames()
        >>> names.learn({"pypi": "uv+pypi"})
        >>> names.shown("no target `@@uv+pypi//six:six`, needed by `@@other//:x`")
        'no target `@pypi//six:six`, needed by `@@other//:x`'
        """
        if "@@" not in text:
            return text
        names = self._names
        return _CANONICAL.sub(lambda match: f"@{names[match[1]]}" if match[1] in names else match[0], text)


class NamingEvents:
    """Passes events on, their texts with apparent names. What `print` says in a .bzl file stays as it is."""

    def __init__(self, events: EventSink, names: ApparentNames) -> None:
        self._events = events
        self._names = names

    def emit(self, event: Event) -> None:
        shown = self._names.shown
        match event:
            case Message(severity, text) if severity is not Severity.DEBUG:
                event = replace(event, text=shown(text))
            case PhaseProgress(_, _, detail) if "@@" in detail:
                event = replace(event, detail=shown(detail))
            case ActionStarted(_, description) | ActionFinished(_, description) if "@@" in description:
                event = replace(event, description=shown(description))
            case _:
                pass
        self._events.emit(event)
