"""The shared libraries that programs need from this machine, for images without another base."""

from __future__ import annotations

from venvship.errors import UserError
from venvship.events.build_events import EventSink
from venvship.execution.trees import TreeStore
from venvship.model.configuration import Configuration
from venvship.rules.oci.base import ImportedLibraries
from venvship.session.interpreters import MachineInterpreters


class MachineLibraries:
    """Collects the libraries once for each interpreter."""

    def __init__(self, interpreters: MachineInterpreters, *, trees: TreeStore, events: EventSink) -> None:
        self._interpreters = interpreters
        self._trees = trees
        self._events = events

    def libraries(self, configuration: Configuration) -> ImportedLibraries:
        raise UserError("pending")
