"""The names of repositories as the user writes them, in what is said to the user."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from venvship.errors import UserError
from venvship.events.build_events import Event, EventSink, Message, Severity
from venvship.model.label import MAIN_REPOSITORY

_CANONICAL = re.compile(r"@@([A-Za-z0-9_.+~-]+)(?=//)")


class ApparentNames:
    """Turns `@@canonical//` into `@apparent//` where the main repository has such a name.

    What it calls them is not known before a workspace is open, and may never be: until then texts stay as they are.
    """

    def __init__(self) -> None:
        self._mapping: Callable[[], Mapping[str, str]] = dict
        self._names: Mapping[str, str] | None = None

    def learn(self, mapping: Callable[[], Mapping[str, str]]) -> None:
        """Take the names from the repository mapping of the main repository, when they are needed."""
        self._mapping = mapping
        self._names = None

    def shown(self, text: str) -> str:
        """
        >>> names = ApparentNames()
        >>> names.learn(lambda: {"pypi": "uv+pypi"})
        >>> names.shown("no target `@@uv+pypi//six:six`, needed by `@@other//:x`")
        'no target `@pypi//six:six`, needed by `@@other//:x`'
        """
        if "@@" not in text:
            return text
        if self._names is None:
            self._names = self._apparent()
        names = self._names
        return _CANONICAL.sub(lambda match: f"@{names[match[1]]}" if match[1] in names else match[0], text)

    def _apparent(self) -> Mapping[str, str]:
        try:
            mapping = self._mapping()
        except UserError:
            # MODULE.bazel itself is wrong, which is what is being told.
            return {}
        # The shortest of several names, and of these the first.
        pairs = sorted(mapping.items(), key=lambda pair: (len(pair[0]), pair[0]), reverse=True)
        return {canonical: apparent for apparent, canonical in pairs if apparent and canonical != MAIN_REPOSITORY}


class NamingEvents:
    """Passes events on, their messages with apparent names. What `print` says in a .bzl file stays as it is."""

    def __init__(self, events: EventSink, names: ApparentNames) -> None:
        self._events = events
        self._names = names

    def emit(self, event: Event) -> None:
        if isinstance(event, Message) and event.severity is not Severity.DEBUG:
            event = replace(event, text=self._names.shown(event.text))
        self._events.emit(event)
