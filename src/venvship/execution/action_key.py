"""The key of an action: a digest of everything that can change what its outputs are.

Paths of the machine never enter it. Equal keys therefore mean equal outputs in every workspace and wherever it lies,
and all workspaces of a user share one action cache. Actions that are never looked up there, and of which there are very
many, have a text for a key that costs less.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

from venvship.errors import InternalError
from venvship.execution.action_cache import ActionResult
from venvship.execution.expansion import command_of, content_of
from venvship.execution.outputs import Output
from venvship.execution.tool_source import tool_source_digest
from venvship.model.action import (
    Action,
    FilesIn,
    ForestFile,
    ForestLink,
    ImportTree,
    LinkArtifact,
    MakeForest,
    MakeSymlink,
    Program,
    RequestValue,
    RunTool,
    Spawn,
    WriteFile,
    inputs_of,
)
from venvship.model.artifact import Artifact
from venvship.model.paths import ExecPath
from venvship.model.runfiles import Runfiles

_FORMAT = "venvship action 1"
_MAX_DEPTH = 100

Fingerprint = Callable[[Artifact], str]
"""What an artifact holds, as the text of its `Output`."""


class KeyWriter:
    """Hashes a sequence of texts and blobs so that no two different sequences are hashed alike."""

    def __init__(self, *beginning: str) -> None:
        self._hasher = hashlib.sha256()
        self.add(_FORMAT, *beginning)

    def add(self, *texts: str) -> None:
        for text in texts:
            data = text.encode("utf-8", "surrogatepass")
            self._hasher.update(b"%d:%s" % (len(data), data))

    def add_bytes(self, data: bytes) -> None:
        self._hasher.update(b"%d:%s" % (len(data), hashlib.sha256(data).digest()))

    def add_list(self, texts: Iterable[str]) -> None:
        every = list(texts)
        self.add(str(len(every)), *every)

    def add_mapping(self, mapping: Mapping[str, str]) -> None:
        self.add_list(part for item in sorted(mapping.items()) for part in item)

    def add_inputs(self, artifacts: Iterable[Artifact], fingerprint: Fingerprint) -> None:
        """Paths and contents, sorted: the order of inputs changes nothing that an action can see."""
        rows = sorted((artifact.exec_path, artifact) for artifact in dict.fromkeys(artifacts))
        self.add_list(part for path, artifact in rows for part in (path, fingerprint(artifact)))

    def add_artifacts(self, artifacts: Iterable[Artifact]) -> None:
        self.add_list(f"{artifact.kind.value} {artifact.exec_path}" for artifact in artifacts)

    def key(self) -> str:
        return self._hasher.hexdigest()


def action_key(action: Action, fingerprint: Fingerprint, *, platform: str, files_in: FilesIn) -> str:
    """The key of `action`, whose inputs hold what `fingerprint` and, for directories, `files_in` say."""
    match action:
        case WriteFile():
            return key_of_file(action, content_of(action, files_in))
        case MakeSymlink():
            return f"link {_counted(action.output.exec_path)} {_counted(action.text)}"
        case LinkArtifact():
            kinds = f"{action.output.kind.value} {action.target.kind.value} {action.executable}"
            paths = f"{_counted(action.output.exec_path)} {_counted(action.target.exec_path)}"
            return f"same {kinds} {paths} {_counted(fingerprint(action.target))}"
        case _:
            return _hashed_key(action, fingerprint, platform=platform, files_in=files_in)


def _hashed_key(
    action: MakeForest | ImportTree | RunTool | Spawn, fingerprint: Fingerprint, *, platform: str, files_in: FilesIn
) -> str:
    writer = KeyWriter(type(action).__name__)
    match action:
        case MakeForest():
            writer.add(action.directory, str(len(action.entries)))
            for entry in action.entries:
                match entry:
                    case ForestLink(artifact, text):
                        writer.add("l", artifact.exec_path, text)
                    case ForestFile(artifact, data, executable):
                        writer.add("x" if executable else "f", artifact.exec_path)
                        writer.add_bytes(data)
        case ImportTree():
            writer.add(action.output.exec_path, str(action.tree))
        case RunTool():
            writer.add(platform, action.tool, tool_source_digest(action.tool))
            writer.add(action.interpreter.exec_path if action.interpreter is not None else "")
            places = names_in_result(action) if action.placeless else {}
            _add_request(writer, action.request, 0, places)
            if action.placeless:
                writer.add_list(artifact.kind.value for artifact in action.outputs)
            else:
                writer.add_artifacts(action.outputs)
            writer.add_inputs(inputs_of(action).to_tuple(), fingerprint)
        case Spawn():
            writer.add(platform)
            command = command_of(action, files_in)
            writer.add_list(command.argv)
            writer.add(str(len(command.parameter_files)))
            for path, data in command.parameter_files:
                writer.add(path)
                writer.add_bytes(data)
            writer.add_mapping(action.environment)
            writer.add_list(sorted(action.requirements))
            writer.add_mapping(action.properties)
            writer.add_artifacts(action.outputs)
            writer.add_inputs(inputs_of(action).to_tuple(), fingerprint)
            for program in action.programs:
                add_program(writer, program)
        case _:
            assert_never(action)
    return writer.key()


def key_of_file(action: WriteFile, data: bytes) -> str:
    """The key of an action that writes `data`."""
    return f"file {action.executable} {hashlib.sha256(data).hexdigest()} {_counted(action.output.exec_path)}"


def _counted(text: str) -> str:
    return f"{len(text)}:{text}"


def add_program(writer: KeyWriter, program: Program) -> None:
    """The layout of a program's runfiles tree; what lies in it is among the inputs."""
    writer.add("program", program.executable.exec_path, _layout_digest(program.runfiles))


@functools.lru_cache(maxsize=256)
def _layout_digest(runfiles: Runfiles) -> str:
    """Kept for a while, because many actions run the same few programs."""
    writer = KeyWriter("runfiles")
    writer.add_list(
        part
        for path, artifact in sorted(runfiles.entries().items(), key=lambda item: item[0])
        for part in (path, artifact.exec_path if artifact is not None else "")
    )
    return writer.key()


def names_in_result(action: Action) -> Mapping[Artifact, ExecPath]:
    """How a cached result calls the outputs of an action: by their paths, or by number if these do not matter."""
    if isinstance(action, RunTool) and action.placeless:
        return {artifact: ExecPath(f"{number}") for number, artifact in enumerate(action.outputs)}
    return {artifact: artifact.exec_path for artifact in action.outputs}


def result_of(action: Action, outputs: Mapping[ExecPath, Output]) -> ActionResult:
    """What the action cache keeps of what an action made."""
    names = {artifact.exec_path: name for artifact, name in names_in_result(action).items()}
    return ActionResult({names[path]: output for path, output in outputs.items()})


def _add_request(writer: KeyWriter, value: RequestValue, depth: int, places: Mapping[Artifact, ExecPath]) -> None:
    if depth > _MAX_DEPTH:
        raise InternalError(f"the request of a tool is more than {_MAX_DEPTH} levels deep")
    if isinstance(value, Artifact):
        writer.add("artifact", value.kind.value, places.get(value, value.exec_path))
    elif isinstance(value, Mapping):
        writer.add("mapping", str(len(value)))
        for key in sorted(value):
            writer.add(key)
            _add_request(writer, value[key], depth + 1, places)
    elif isinstance(value, tuple):
        writer.add("tuple", str(len(value)))
        for element in value:
            _add_request(writer, element, depth + 1, places)
    else:
        writer.add(type(value).__name__, str(value))
