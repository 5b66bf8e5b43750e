"""Makes the outputs of one action, by kind."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeGuard

from venvship.blobs.store import MissingBlob
from venvship.dataclass import dataclass
from venvship.errors import InternalError
from venvship.execution.collecting import collect_outputs, tree_of_rows
from venvship.execution.exec_root import ExecRoot
from venvship.execution.expansion import command_of
from venvship.execution.failures import ActionFailed
from venvship.execution.graph import Generating
from venvship.execution.outputs import Output, OutputFile, OutputLink, OutputTree
from venvship.execution.runfiles_tree import lay_out
from venvship.execution.sandbox import Sandbox
from venvship.execution.workers import ToolFailed, ToolResult
from venvship.host.files import NoSpaceLeft, disk_problems, is_full, remove
from venvship.host.new_files import READ_ONLY, READ_ONLY_EXECUTABLE, lay_forest, write_new
from venvship.host.processes import Children, ProgramNotStarted
from venvship.host.sandbox import Isolation
from venvship.model.action import (
    FilesIn,
    ForestFile,
    ForestLink,
    ImportTree,
    LinkArtifact,
    MakeForest,
    MakeSymlink,
    RequestValue,
    RunTool,
    Spawn,
    WriteFile,
    inputs_of,
)
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.digest import Digest
from venvship.model.paths import ExecPath

PlacedAction = WriteFile | MakeSymlink | LinkArtifact
Content = Callable[[Artifact], Output]


class ToolRunner(Protocol):
    """What runs our tools: a pool of workers, or a process that is there anyway."""

    def run(
        self,
        tool: str,
        request: Mapping[str, Any],
        *,
        interpreter: str | None = None,
        user_environment: bool = False,
    ) -> ToolResult:
        """Run a tool under `interpreter`, or under our own; raises ToolFailed."""
        ...


class ActionInterrupted(Exception):
    """The command is being interrupted; the action made nothing."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A small file or a link that an action makes, and what it is then; `content` is the text of a link."""

    path: ExecPath
    content: bytes | str
    output: Output
    mode: int = 0


def placement_of(action: PlacedAction, exec_root: ExecRoot, content: Content, data: bytes) -> Placement:
    """What an action makes that needs no more than one call or two of the system; `data` is that of a `WriteFile`."""
    match action:
        case WriteFile(_, output, _, executable):
            mode = READ_ONLY_EXECUTABLE if executable else READ_ONLY
            return Placement(output.exec_path, data, OutputFile(Digest.of(data), executable), mode)
        case MakeSymlink(_, output, text):
            return Placement(output.exec_path, text, OutputLink(text))
        case LinkArtifact():
            target = content(action.target)
            _check_link(action, target)
            path = exec_root.path_of(action.target)
            if _lacks_mode(target, action):
                # What actions made is executable in Bazel, and a link can't make it so.
                with disk_problems(path):
                    made = Path(path).read_bytes()
                return Placement(
                    action.output.exec_path, made, OutputFile(target.digest, executable=True), READ_ONLY_EXECUTABLE
                )
            return Placement(action.output.exec_path, path, target)


def place(placement: Placement, exec_root: ExecRoot) -> None:
    """Put it in its place, whatever is there; raises what keeps it from there in the user's words."""
    if isinstance(placement.content, str):
        exec_root.place_link(placement.path, placement.content)
        return
    temporary = exec_root.temporary_path()
    with disk_problems(temporary):
        write_new(temporary, placement.content, placement.mode)
    exec_root.move_in(temporary, placement.path)


def make_directly(action: MakeForest | ImportTree, exec_root: ExecRoot) -> dict[ExecPath, Output]:
    """Make the outputs of another action that runs no program."""
    match action:
        case MakeForest():
            return _make_forest(action, exec_root)
        case ImportTree(_, output, tree):
            if not exec_root.trees.has(tree):
                raise ActionFailed(action, f"the tree store does not hold {tree}", hint="run the command again")
            exec_root.place(output.exec_path, OutputTree(tree))
            return {output.exec_path: OutputTree(tree)}


def run_tool(
    action: RunTool, exec_root: ExecRoot, workers: ToolRunner, content: Content
) -> tuple[dict[ExecPath, Output], str]:
    """Run a tool and adopt what it made; raises ActionFailed. Also returns what it printed."""
    directory = exec_root.temporary_directory()
    try:
        asked: dict[str, Artifact] = {}
        places: dict[Artifact, str] = {}
        for number, artifact in enumerate(action.outputs):
            os.mkdir(f"{directory}/{number}")
            # The last part of the path is kept: a tool may care about a file's name.
            places[artifact] = f"{directory}/{number}/{os.path.basename(artifact.exec_path)}"
        inputs = frozenset(inputs_of(action).to_tuple())

        def host_path(artifact: Artifact) -> str:
            if artifact in places:
                return places[artifact]
            if artifact not in inputs:
                raise InternalError(
                    f"{action.mnemonic} of `{action.owner}` names `{artifact.exec_path}`, which is no input of it"
                )
            path = exec_root.path_of(artifact)
            asked[path] = artifact
            return path

        interpreter = None
        if action.interpreter is not None:
            interpreter = f"{exec_root.path_of(action.interpreter)}/bin/python3"
        try:
            done = workers.run(
                action.tool,
                _host_request(action.request, host_path),
                interpreter=interpreter,
                user_environment=action.user_environment,
            )
        except ToolFailed as error:
            output = "\n".join(part for part in (error.output.rstrip("\n"), error.trace) if part)
            raise ActionFailed(action, error.message, output=output) from error
        trees = {str(path): tree_of_rows(rows) for path, rows in dict(done.result.get("trees") or {}).items()}
        sealed = {str(path): str(rows) for path, rows in dict(done.result.get("sealed") or {}).items()}
        for path, (base, rows) in dict(done.result.get("grown") or {}).items():
            grown_from = content(asked[base]) if base in asked else None
            if not isinstance(grown_from, OutputTree):
                raise InternalError(f"the tool `{action.tool}` names `{base}`, which is no directory that it was given")
            # What the store has forgotten is read and hashed.
            with contextlib.suppress(MissingBlob):
                sealed[str(path)] = exec_root.trees.rows_with(grown_from.digest, rows)
        made = collect_outputs(action, places, exec_root, trees=trees, sealed=sealed, log=done.output)
        return made, done.output
    finally:
        remove(directory)


def run_spawn(
    action: Spawn,
    exec_root: ExecRoot,
    *,
    children: Children,
    isolation: Isolation,
    visible: tuple[str, ...],
    network: bool,
    generating: Generating,
    content: Content,
    files_in: FilesIn,
) -> tuple[dict[ExecPath, Output], str]:
    """Run a program in a sandbox and adopt what it made; raises ActionFailed. Also returns what it printed."""
    command = command_of(action, files_in)
    # Whoever reads of a failure wants to see the arguments.
    action = dataclasses.replace(action, argv=command.argv)
    for program in action.programs:
        lay_out(program, exec_root, generating=generating, content=content)
    sandbox = Sandbox(exec_root, children=children, isolation=isolation, visible=visible, network=network)
    try:
        try:
            done = sandbox.run(action, command, content)
        except ProgramNotStarted as error:
            raise ActionFailed(action, error.message) from error
        if done.finished.interrupted:
            raise ActionInterrupted
        if done.finished.exit_code != 0:
            if is_full(exec_root.directory):
                # The program may not have been able to say so: its log lies on the same device.
                raise NoSpaceLeft(str(exec_root.directory))
            raise ActionFailed(action, f"exit code {done.finished.exit_code}", output=done.log)
        # Outputs are executable whether or not the program said so, as Bazel's are: rules rely on it.
        return collect_outputs(action, done.places, exec_root, always_executable=True, log=done.log), done.log
    finally:
        sandbox.remove()


def _check_link(action: LinkArtifact, target: Output) -> None:
    kinds = {OutputFile: ArtifactKind.FILE, OutputTree: ArtifactKind.DIRECTORY, OutputLink: ArtifactKind.SYMLINK}
    found = kinds[type(target)]
    if found is not action.output.kind:
        raise ActionFailed(
            action,
            f"`{action.output.exec_path}` was declared as a {action.output.kind.value}, "
            f"but `{action.target.exec_path}` is a {found.value}",
        )
    if _lacks_mode(target, action) and action.target.is_source:
        raise ActionFailed(action, f"`{action.target.exec_path}` is not executable", hint="run `chmod +x` on it")


def _lacks_mode(target: Output, action: LinkArtifact) -> TypeGuard[OutputFile]:
    return action.executable and isinstance(target, OutputFile) and not target.executable


def _make_forest(action: MakeForest, exec_root: ExecRoot) -> dict[ExecPath, Output]:
    directory = exec_root.temporary_directory()
    try:
        links = action.links()
        lay_forest(directory, links, action.files(), make_link=exec_root.known_links.make)
        exec_root.move_in(directory, action.directory)
        exec_root.known_links.note(exec_root.output_path(action.directory), links)
    except BaseException:
        remove(directory)
        raise
    return {entry.artifact.exec_path: _output_of(entry) for entry in action.entries}


def _output_of(entry: ForestLink | ForestFile) -> Output:
    match entry:
        case ForestLink(_, text):
            return OutputLink(text)
        case ForestFile(_, data, executable):
            return OutputFile(Digest.of(data), executable)


def _host_request(request: Mapping[str, RequestValue], host_path: Callable[[Artifact], str]) -> dict[str, Any]:
    return {key: _host_value(value, host_path) for key, value in request.items()}


def _host_value(value: RequestValue, host_path: Callable[[Artifact], str]) -> Any:
    if isinstance(value, Artifact):
        return host_path(value)
    if isinstance(value, Mapping):
        return {key: _host_value(element, host_path) for key, element in value.items()}
    if isinstance(value, tuple):
        return [_host_value(element, host_path) for element in value]
    return value
