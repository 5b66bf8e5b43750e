"""Actions: values that say how outputs are made from inputs.

Analysis declares them, execution makes them true; neither imports the other. Only `Spawn` and `RunTool` are ever run
as programs: every other kind is a node of the input tree that is made directly and never sent to a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Protocol, TypeAlias, Union

from venvship.dataclass import dataclass
from venvship.errors import InternalError
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.digest import Digest
from venvship.model.label import Label
from venvship.model.other_machine import OtherMachine
from venvship.model.paths import ExecPath, TreePath
from venvship.model.runfiles import Runfiles

RequestValue: TypeAlias = Union[
    bool, int, str, Artifact, "tuple[RequestValue, ...]", "Mapping[str, RequestValue]", None
]
"""What a tool's request may hold: JSON, and artifacts, which become host paths when the tool runs."""


FilesIn: TypeAlias = Callable[[Artifact], tuple[TreePath, ...]]
"""The files in a directory artifact that exists, relative to it and sorted."""


class LazyContent(Protocol):
    """The bytes of a file, computed when its action is looked at: depsets stay joined until then."""

    @property
    def directories(self) -> Depset[Artifact]:
        """The directories whose files the bytes may name; they must exist before `expand`."""
        ...

    def expand(self, files_in: FilesIn) -> bytes:
        """The bytes; the same whenever the directories hold the same files."""
        ...


@dataclass(frozen=True, slots=True)
class ExpandedCommand:
    """Arguments as a program gets them, and the parameter files that they name, by exec path."""

    argv: tuple[str, ...]
    parameter_files: tuple[tuple[ExecPath, bytes], ...] = ()


class CommandLine(Protocol):
    """Arguments that are computed when their action is looked at; directories that they name are inputs of it."""

    def expand(self, files_in: FilesIn) -> ExpandedCommand:
        """The arguments; the same whenever the directories hold the same files."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class WriteFile:
    """Write a small file whose bytes analysis knows, or knows how to compute."""

    owner: Label
    output: Artifact
    content: bytes | LazyContent
    executable: bool = False
    mnemonic: str = "FileWrite"

    @property
    def outputs(self) -> tuple[Artifact, ...]:
        return (self.output,)


@dataclass(frozen=True, slots=True, eq=False)
class MakeSymlink:
    """Make a link whose text is kept as it is and never followed; `output` has the kind SYMLINK."""

    owner: Label
    output: Artifact
    text: str
    mnemonic: str = "UnresolvedSymlink"

    @property
    def outputs(self) -> tuple[Artifact, ...]:
        return (self.output,)


@dataclass(frozen=True, slots=True, eq=False)
class LinkArtifact:
    """Make `output` stand for `target`: the same file or directory under another path."""

    owner: Label
    output: Artifact
    target: Artifact
    executable: bool = False
    mnemonic: str = "Symlink"

    @property
    def outputs(self) -> tuple[Artifact, ...]:
        return (self.output,)


@dataclass(frozen=True, slots=True)
class ForestLink:
    """One link of a `MakeForest`: its artifact (kind SYMLINK) and its text."""

    artifact: Artifact
    text: str


@dataclass(frozen=True, slots=True)
class ForestFile:
    """One small file of a `MakeForest`."""

    artifact: Artifact
    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MakeForest:
    """Make many links and small files below one directory, as one step; no input is read.

    Virtual environments are made of these: the price of an entry is one link, not one action. `directory` is the
    exec path of a directory that holds every entry and nothing else, so that a runfiles tree may link it whole.
    `program` is the only target that starts from it, if it is made for one.
    """

    owner: Label
    directory: ExecPath
    entries: tuple[ForestLink | ForestFile, ...]
    program: Label | None = None
    mnemonic: str = "PyVenv"

    @property
    def outputs(self) -> tuple[Artifact, ...]:
        return tuple(entry.artifact for entry in self.entries)

    def links(self) -> list[tuple[str, str]]:
        """Where links lie below the directory, and their texts."""
        return [(self._below(entry.artifact), entry.text) for entry in self.entries if isinstance(entry, ForestLink)]

    def files(self) -> list[tuple[str, bytes, bool]]:
        """Where files lie below the directory, their content, and whether they can run."""
        return [
            (self._below(entry.artifact), entry.content, entry.executable)
            for entry in self.entries
            if isinstance(entry, ForestFile)
        ]

    def _below(self, artifact: Artifact) -> str:
        path = artifact.exec_path
        if not path.startswith(f"{self.directory}/"):
            raise InternalError(f"`{path}` is not below `{self.directory}`, the directory of its forest")
        return path[len(self.directory) + 1 :]


@dataclass(frozen=True, slots=True, eq=False)
class ImportTree:
    """Make a directory artifact out of a tree that the tree store already holds."""

    owner: Label
    output: Artifact
    tree: Digest
    mnemonic: str = "ImportTree"

    @property
    def outputs(self) -> tuple[Artifact, ...]:
        return (self.output,)


@dataclass(frozen=True, slots=True, eq=False)
class RunTool:
    """Run one of our own programs (a module of `venvship.tools`) in a warm worker.

    The tool gets `request` with every artifact replaced by its host path. It is keyed by the tool's source, the
    request with exec paths, and the digests of `inputs`. `interpreter`, when given, is the target's interpreter: the
    tool runs under it because its result depends on the Python version (bytecode).

    A tool with `user_environment` sees the variables of the user, and through them files and helpers with credentials.
    They are no part of its key, so its result must not depend on them: it is what a digest in the request says.

    The outputs of a tool that is `placeless` hold the same under every name. Their paths are no part of its key, so
    that equal actions of different targets share one result.
    """

    owner: Label
    tool: str
    request: Mapping[str, RequestValue]
    inputs: Depset[Artifact]
    outputs: tuple[Artifact, ...]
    mnemonic: str
    progress: str
    interpreter: Artifact | None = None
    user_environment: bool = False
    placeless: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """An executable output and its runfiles, which lie beside it as `<executable>.runfiles`."""

    executable: Artifact
    runfiles: Runfiles


@dataclass(frozen=True, slots=True, eq=False)
class Spawn:
    """Run a program in a sandbox that holds `inputs` and `programs`.

    The first argument is an exec path or an absolute path of the machine; strings may name artifacts by exec path.
    `environment` is complete: nothing else is inherited. `properties` are the `exec_properties` of the platform and of
    the target, for whoever runs actions elsewhere; `elsewhere` says that this machine may not run it.
    """

    owner: Label
    argv: tuple[str, ...] | CommandLine
    inputs: Depset[Artifact]
    outputs: tuple[Artifact, ...]
    mnemonic: str
    progress: str
    environment: Mapping[str, str] = field(default_factory=dict)
    requirements: frozenset[str] = frozenset()
    programs: tuple[Program, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    elsewhere: OtherMachine | None = None


Action: TypeAlias = WriteFile | MakeSymlink | LinkArtifact | MakeForest | ImportTree | RunTool | Spawn


_NOTHING: Depset[Artifact] = Depset()


def inputs_of(action: Action) -> Depset[Artifact]:
    """Everything that must exist before `action` can run."""
    match action:
        case WriteFile():
            return _NOTHING if isinstance(action.content, bytes) else action.content.directories
        case MakeSymlink() | MakeForest() | ImportTree():
            return _NOTHING
        case LinkArtifact():
            return Depset([action.target])
        case RunTool():
            return action.inputs if action.interpreter is None else Depset([action.interpreter], [action.inputs])
        case Spawn():
            return Depset(
                [program.executable for program in action.programs],
                [action.inputs, *(program.runfiles.artifacts for program in action.programs)],
            )
