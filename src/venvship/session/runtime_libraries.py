"""The shared libraries that programs need from this machine, for images without another base."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from venvship.events.build_events import EventSink, PhaseProgress
from venvship.execution.trees import TreeStore
from venvship.model.configuration import Configuration
from venvship.model.digest import Digest
from venvship.repos.runtime_libraries import runtime_base, write_base
from venvship.rules.oci.base import ImportedLibraries
from venvship.session.interpreters import MachineInterpreters


class MachineLibraries:
    """Collects the libraries once for each interpreter and command: the machine may have changed since the last."""

    def __init__(self, interpreters: MachineInterpreters, *, trees: TreeStore, events: EventSink) -> None:
        self._interpreters = interpreters
        self._trees = trees
        self._events = events
        self._found: dict[Digest, ImportedLibraries] = {}

    def libraries(self, configuration: Configuration) -> ImportedLibraries:
        interpreter = self._interpreters.interpreter(configuration).tree
        found = self._found.get(interpreter)
        if found is None:
            found = self._found[interpreter] = self._collected(interpreter)
        return found

    def _collected(self, interpreter: Digest) -> ImportedLibraries:
        self._events.emit(PhaseProgress(0, None, "Collecting the shared libraries that Python needs"))
        base = runtime_base([self._trees.path_of(interpreter)])
        directory = Path(tempfile.mkdtemp(dir=self._trees.temporary))
        try:
            write_base(base, directory / "root")
            tree = self._trees.adopt(directory / "root")
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        return ImportedLibraries(tree, base.directories)
