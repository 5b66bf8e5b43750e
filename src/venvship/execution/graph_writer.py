"""Keeps the action graph of a build."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from venvship.execution.expansion import command_of
from venvship.execution.graph_columns import (
    ACTION,
    DEPSET,
    KINDS,
    ORDERS,
    POLICIES,
    PROGRAM,
    TEST,
    WAYS,
    Record,
)
from venvship.execution.test_request import TestRequest
from venvship.execution.unresumable import Unresumable
from venvship.model.action import (
    Action,
    LinkArtifact,
    Program,
    RequestValue,
    RunTool,
    Spawn,
    inputs_of,
)
from venvship.model.artifact import Artifact, Root
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.model.paths import TreePath


class GraphWriter:
    """Takes in what `GraphRecord` gives out.

    `text_of` says what an artifact holds, as the text of its `Output`. `is_ready` says of a program whether its
    runfiles tree is as it should be, and `is_of_forest` whether an artifact is made by a `MakeForest`.
    """

    def __init__(
        self,
        text_of: Callable[[Artifact], str],
        *,
        is_ready: Callable[[Program], bool],
        is_of_forest: Callable[[Artifact], bool],
    ) -> None:
        self._text_of = text_of
        self._is_ready = is_ready
        self._is_of_forest = is_of_forest
        self._roots: dict[Root, int] = {}
        self._owners: dict[Label, int] = {}
        self._artifacts: dict[Artifact, int] = {}
        self._rows: list[tuple[int, str, int, int]] = []
        self._texts: list[str] = []
        self._readers: list[list[int]] = []
        self._depsets: dict[Depset[Artifact], int] = {}
        self._depset_rows: list[tuple[int, tuple[int, ...], tuple[int, ...]]] = []
        self._depset_readers: list[list[int]] = []
        self._holds_forest: list[bool] = []
        self._actions: list[bytes | None] = []
        self._keys: list[str] = []
        self._outputs: list[tuple[int, ...]] = []
        self._generated_by: dict[int, int] = {}
        self._tests: list[bytes | None] = []
        self._programs: list[tuple[bytes, bool] | None] = []

    @property
    def sources(self) -> Iterator[tuple[int, Artifact]]:
        """Every source that was added, or that something reads, with its number."""
        return ((number, artifact) for artifact, number in self._artifacts.items() if artifact.is_source)

    def add_source(self, artifact: Artifact) -> None:
        """A source that perhaps no action reads."""
        self._artifact(artifact)

    def add_action(self, action: Action, key: str) -> None:
        if isinstance(action, LinkArtifact):
            reader = self._begin(action, key)
            self._readers[self._artifact(action.target)].append(reader)
            self._actions[-1] = marshal.dumps(self._packed(action))
            return
        inputs = inputs_of(action)
        if not inputs:
            return
        reader = self._begin(action, key)
        self._depset_readers[self._depset(inputs)].append(reader)
        packed = self._packed(action)
        self._actions[-1] = None if packed is None else marshal.dumps(packed)

    def add_test(self, request: TestRequest) -> None:
        program = request.program
        reader = WAYS * len(self._tests) + TEST
        inputs = Depset([program.executable], [program.runfiles.artifacts])
        self._depset_readers[self._depset(inputs)].append(reader)
        row = (
            self._owner(request.label),
            request.configuration,
            self._program(program),
            tuple(request.environment.items()),
            request.arguments,
            request.size,
            request.timeout_seconds,
            request.shards,
            request.runs,
            request.attempts,
            tuple(sorted(request.tags)),
            request.test_filter,
            request.fail_fast,
            request.run_under,
            POLICIES.index(request.cache),
            request.coverage,
        )
        self._tests.append(marshal.dumps(row))

    def add_program(self, program: Program) -> None:
        """A program whose runfiles tree is laid out."""
        number = self._depset(Depset([program.executable], [program.runfiles.artifacts]))
        self._depset_readers[number].append(WAYS * len(self._programs) + PROGRAM)
        self._programs.append((marshal.dumps(self._program(program)), self._holds_forest[number]))

    def record(self) -> Record:
        return (
            [(root.exec_path, root.repository, root.is_source) for root in self._roots],
            [(label.repository, label.package.path, label.name) for label in self._owners],
            self._rows,
            self._texts,
            self._readers,
            self._depset_rows,
            self._depset_readers,
            self._actions,
            self._keys,
            self._outputs,
            self._generated_by,
            self._tests,
            self._programs,
        )

    def _begin(self, action: Action, key: str) -> int:
        number = len(self._actions)
        outputs = tuple([self._artifact(output) for output in action.outputs])
        self._actions.append(None)
        self._keys.append(key)
        self._outputs.append(outputs)
        self._generated_by.update(dict.fromkeys(outputs, number))
        return WAYS * number + ACTION

    def _artifact(self, artifact: Artifact) -> int:
        number = self._artifacts.get(artifact)
        if number is None:
            number = self._artifacts[artifact] = len(self._rows)
            root = self._roots.setdefault(artifact.root, len(self._roots))
            self._rows.append((root, artifact.path, self._owner(artifact.owner), KINDS.index(artifact.kind)))
            self._texts.append(self._text_of(artifact))
            self._readers.append([])
        return number

    def _owner(self, label: Label) -> int:
        return self._owners.setdefault(label, len(self._owners))

    def _depset(self, depset: Depset[Artifact]) -> int:
        known = self._depsets.get(depset)
        if known is not None:
            return known
        for node in depset.nodes():
            if node in self._depsets:
                continue
            number = self._depsets[node] = len(self._depsets)
            direct = tuple([self._artifact(artifact) for artifact in node.direct])
            transitive = tuple([self._depsets[child] for child in node.transitive])
            self._depset_rows.append((ORDERS.index(node.order), direct, transitive))
            self._depset_readers.append([])
            self._holds_forest.append(
                any(self._holds_forest[child] for child in transitive) or any(map(self._is_of_forest, node.direct))
            )
            reader = WAYS * number + DEPSET
            for one in direct:
                self._readers[one].append(reader)
            for child in transitive:
                self._depset_readers[child].append(reader)
        return self._depsets[depset]

    def _packed(self, action: Action) -> Record | None:
        match action:
            case LinkArtifact():
                target = self._artifact(action.target)
                return ("link", self._owner(action.owner), target, action.executable, action.mnemonic)
            case RunTool():
                return (
                    "tool",
                    self._owner(action.owner),
                    self._depset(action.inputs),
                    None if action.interpreter is None else self._artifact(action.interpreter),
                    self._request(action.request),
                    (action.tool, action.mnemonic, action.progress, action.user_environment, action.placeless),
                )
            case Spawn(elsewhere=None):
                try:
                    command = command_of(action, _refuse)
                    programs = tuple([self._program(program, ready=True) for program in action.programs])
                except Unresumable:
                    return None
                return (
                    "spawn",
                    self._owner(action.owner),
                    self._depset(action.inputs),
                    programs,
                    (
                        command.argv,
                        command.parameter_files,
                        action.mnemonic,
                        action.progress,
                        tuple(action.environment.items()),
                        tuple(sorted(action.requirements)),
                        tuple(action.properties.items()),
                    ),
                )
            case _:
                return None

    def _program(self, program: Program, *, ready: bool = False) -> Record:
        """With `ready`, raises Unresumable when its runfiles tree would have to be laid out first."""
        if ready and not self._is_ready(program):
            raise Unresumable(program.executable.exec_path)
        runfiles = program.runfiles
        return (
            self._artifact(program.executable),
            self._depset(runfiles.files),
            tuple([(link.path, self._artifact(link.target)) for link in runfiles.symlinks.to_tuple()]),
            tuple([(link.path, self._artifact(link.target)) for link in runfiles.root_symlinks.to_tuple()]),
            runfiles.empty_filenames.to_tuple(),
        )

    def _request(self, value: RequestValue) -> Any:
        if isinstance(value, Artifact):
            return ("artifact", self._artifact(value))
        if isinstance(value, Mapping):
            return ("mapping", tuple([(key, self._request(element)) for key, element in value.items()]))
        if isinstance(value, tuple):
            return ("tuple", tuple([self._request(element) for element in value]))
        return value


def _refuse(artifact: Artifact) -> tuple[TreePath, ...]:
    raise Unresumable(artifact.exec_path)
