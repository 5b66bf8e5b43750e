"""The interpreters of a workspace: found on this machine, imported into the tree store when one is needed."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
import tempfile
from pathlib import Path

from venvship.events.build_events import EventSink, PhaseProgress
from venvship.execution.trees import TreeStore
from venvship.host.files import write_atomically
from venvship.model.configuration import PYTHON_VERSION, Configuration
from venvship.model.digest import Digest
from venvship.model.platform import PythonVersion
from venvship.repos.host_interpreters import HostInterpreter, NoInterpreter, choose_interpreter, find_interpreters
from venvship.repos.interpreter import import_interpreter, remove_interpreter
from venvship.rules.python.runtime import ImportedInterpreter

_IMPORT_FORMAT = 2
"""Raised when an import of the same installation would give other bytes."""


class MachineInterpreters:
    """Chooses among the interpreters of this machine.

    Without a version in the configuration, the version that runs this command is taken if the workspace registered
    it (or registered none), and the highest registered one that the machine has otherwise.
    """

    def __init__(
        self,
        registered: tuple[PythonVersion, ...],
        default: PythonVersion | None,
        *,
        state: Path,
        trees: TreeStore,
        events: EventSink,
    ) -> None:
        self._registered = registered
        self._default = default
        self._state = state
        self._trees = trees
        self._events = events
        self._imported: dict[Path, ImportedInterpreter] = {}

    def full_version(self, configuration: Configuration) -> str:
        return self._chosen(configuration.get(PYTHON_VERSION)).facts.version

    def interpreter(self, configuration: Configuration) -> ImportedInterpreter:
        chosen = self._chosen(configuration.get(PYTHON_VERSION))
        found = self._imported.get(chosen.path)
        if found is None:
            found = self._imported[chosen.path] = ImportedInterpreter(chosen.facts.version, self._tree(chosen))
        return found

    @functools.cached_property
    def _found(self) -> tuple[HostInterpreter, ...]:
        self._state.mkdir(parents=True, exist_ok=True)
        return find_interpreters(self._state / "found.json")

    def _chosen(self, version: str) -> HostInterpreter:
        if version:
            return choose_interpreter(self._found, version)
        if self._default is not None:
            return choose_interpreter(self._found, str(self._default))
        ours = PythonVersion(*sys.version_info[:2])
        if not self._registered or ours in self._registered:
            return choose_interpreter(self._found, str(ours))
        for candidate in sorted(self._registered, reverse=True):
            try:
                return choose_interpreter(self._found, str(candidate), freethreaded=candidate.freethreaded)
            except NoInterpreter:
                continue
        raise NoInterpreter(" or ".join(str(version) for version in self._registered), self._found)

    def _tree(self, chosen: HostInterpreter) -> Digest:
        """Import an interpreter unless this very installation was imported before."""
        status = chosen.path.stat()
        identity = f"{_IMPORT_FORMAT} {chosen.path} {status.st_size} {status.st_mtime_ns} {chosen.facts.version}"
        note = self._state / f"{hashlib.sha256(identity.encode()).hexdigest()}.json"
        try:
            tree = Digest.parse(json.loads(note.read_bytes())["tree"])
            if self._trees.has(tree):
                return tree
        except (OSError, ValueError, TypeError, LookupError):
            pass  # not imported yet, or a note that was cut off: import it again
        self._events.emit(PhaseProgress(0, None, f"Importing Python {chosen.facts.version} from {chosen.path}"))
        directory = Path(tempfile.mkdtemp(dir=self._trees.temporary))
        try:
            import_interpreter(chosen, directory / "interpreter")
            tree = self._trees.adopt(directory / "interpreter")
        finally:
            remove_interpreter(directory)
        write_atomically(note, json.dumps({"tree": str(tree)}).encode())
        return tree
