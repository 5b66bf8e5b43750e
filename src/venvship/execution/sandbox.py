"""Runs the programs of `Spawn` actions, each in a private execution root that holds its declared inputs only.

The execution root is a directory of links. Where the system allows it the program is confined besides: it can write
its execution root and its temporary directory, nothing else, and it sees no network unless its requirements say so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.errors import InternalError
from venvship.execution.exec_root import ExecRoot
from venvship.execution.outputs import Output, OutputLink
from venvship.execution.runfiles_tree import MANIFEST_SUFFIX, RUNFILES_SUFFIX
from venvship.host.files import read_tail, remove
from venvship.host.processes import Children, Finished
from venvship.host.sandbox import Confinement, Isolation, confined
from venvship.model.action import ExpandedCommand, Spawn
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.label import MAIN_RUNFILES_DIRECTORY
from venvship.model.paths import normalise

_MAX_LOG = 1 << 20
UNCONFINED = frozenset({"local", "no-sandbox"})


def network_allowed(requirements: frozenset[str], default: bool) -> bool:
    """Whether a program with these requirements or tags sees the network."""
    if "requires-network" in requirements:
        return True
    return default and "block-network" not in requirements


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """How a program ended, where its outputs are, and the end of its log."""

    finished: Finished
    places: Mapping[Artifact, str]
    log: str


class Sandbox:
    """One private execution root; made for one action and removed with it."""

    def __init__(
        self,
        exec_root: ExecRoot,
        *,
        children: Children,
        isolation: Isolation,
        visible: tuple[str, ...],
        network: bool = False,
    ) -> None:
        self._exec_root = exec_root
        self._children = children
        self._isolation = isolation
        self._visible = visible
        self._network = network
        self.base = exec_root.temporary_directory()
        self.root = f"{self.base}/{MAIN_RUNFILES_DIRECTORY}"
        self.temporary = f"{self.base}/tmp"
        os.mkdir(self.root)
        os.mkdir(self.temporary)

    def remove(self) -> None:
        remove(self.base)

    def run(self, spawn: Spawn, command: ExpandedCommand, content: Callable[[Artifact], Output]) -> SandboxResult:
        """Lay out the inputs, run the program, and say where its outputs should be."""
        self._lay_out(spawn, content)
        for name, data in command.parameter_files:
            self._write(normalise(name), data)
        places = {artifact: f"{self.root}/{artifact.exec_path}" for artifact in spawn.outputs}
        for artifact, path in places.items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if artifact.kind is ArtifactKind.DIRECTORY:
                os.makedirs(path, exist_ok=True)
        log = f"{self.base}/log"
        finished = self._children.run(
            self._command(spawn, command.argv),
            cwd=self.root,
            environment={"TMPDIR": self._temporary_seen(spawn), **spawn.environment},
            output=Path(log),
        )
        return SandboxResult(finished, places, read_tail(log, _MAX_LOG).decode(errors="replace"))

    def _write(self, path: str, data: bytes) -> None:
        """Put a parameter file among the inputs."""
        file = Path(self.root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        if os.path.realpath(file.parent) != os.path.join(os.path.realpath(self.root), os.path.dirname(path)):
            raise InternalError(f"the parameter file `{path}` lies in an input")
        with open(file, "xb") as parameters:
            parameters.write(data)

    def _way(self, spawn: Spawn) -> Isolation:
        return Isolation.NONE if spawn.requirements & UNCONFINED else self._isolation

    def _temporary_seen(self, spawn: Spawn) -> str:
        return self.temporary if self._way(spawn) is Isolation.NONE else "/tmp"

    def _command(self, spawn: Spawn, argv: tuple[str, ...]) -> tuple[str, ...]:
        confinement = Confinement(
            writable=(self.root,),
            temporary=self.temporary,
            visible=self._visible,
            network=network_allowed(spawn.requirements, self._network),
        )
        return confined(argv, confinement, cwd=self.root, way=self._way(spawn))

    def _lay_out(self, spawn: Spawn, content: Callable[[Artifact], Output]) -> None:
        links: dict[str, str] = {}
        for artifact in (*(program.executable for program in spawn.programs), *spawn.inputs.to_tuple()):
            output = content(artifact)
            links[artifact.exec_path] = (
                output.text if isinstance(output, OutputLink) else self._exec_root.path_of(artifact)
            )
            plain = artifact.without_bytecode
            if plain is not None:
                # Where the links of a venv among the inputs lead to.
                links.setdefault(plain.exec_path, links[artifact.exec_path])
        for program in spawn.programs:
            for suffix in (RUNFILES_SUFFIX, MANIFEST_SUFFIX):
                beside = program.executable.exec_path + suffix
                links[beside] = f"{self._exec_root.directory}/{beside}"
        make_input_links(self.root, links.items())


def make_input_links(root: str, links: Iterable[tuple[str, str]]) -> None:
    """Make links below the fresh directory `root`. What lies below a linked directory is there already.

    Nothing is ever made through a link: that would write into the user's sources.
    """
    linked: set[str] = set()
    real: set[str] = {""}
    for path, text in sorted(links):
        parent = path.rpartition("/")[0]
        above: list[str] = []
        while parent not in real and parent not in linked:
            above.append(parent)
            parent = parent.rpartition("/")[0]
        if parent in linked:
            continue
        for directory in reversed(above):
            os.mkdir(f"{root}/{directory}")
            real.add(directory)
        os.symlink(text, f"{root}/{path}")
        linked.add(path)
