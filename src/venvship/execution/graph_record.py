"""The action graph of a build, as it was kept: a command has the part that changes concern from here."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from venvship.dataclass import dataclass
from venvship.execution.graph import Node
from venvship.execution.graph_columns import (
    ACTION,
    DEPSET,
    KINDS,
    ORDERS,
    POLICIES,
    PROGRAM,
    TEST,
    WAYS,
    Columns,
    Record,
)
from venvship.execution.test_request import TestRequest
from venvship.execution.unresumable import Unresumable
from venvship.model.action import (
    Action,
    ExpandedCommand,
    FilesIn,
    LinkArtifact,
    Program,
    RunTool,
    Spawn,
    inputs_of,
)
from venvship.model.artifact import Artifact, Root
from venvship.model.depset import Depset
from venvship.model.label import Label, PackageId
from venvship.model.paths import TreePath
from venvship.model.runfiles import Runfiles, RunfilesLink


@dataclass(frozen=True, slots=True)
class KnownCommand:
    """A command line that was expanded before."""

    command: ExpandedCommand

    def expand(self, files_in: FilesIn) -> ExpandedCommand:
        return self.command


@dataclass(frozen=True, slots=True)
class Part:
    """What changes concern: nodes for the scheduler, what else their inputs hold, and the tests by number."""

    nodes: Sequence[Node]
    actions: Sequence[int]
    known: Sequence[tuple[Artifact, str]]
    tests: Sequence[int]


class GraphRecord(Columns):
    """Gives out what `GraphWriter` took in."""

    def __init__(self, record: Record) -> None:
        """Raises ValueError for what is no record."""
        super().__init__(record)
        self._made: dict[int, Artifact] = {}
        self._numbers: dict[Artifact, int] = {}
        self._made_depsets: dict[int, Depset[Artifact]] = {}

    @property
    def record(self) -> Record:
        """With the texts and keys that were noted since."""
        return self._record

    def artifact(self, number: int) -> Artifact:
        made = self._made.get(number)
        if made is None:
            root, path, owner, kind = self._rows[number]
            made = Artifact(Root(*self._roots[root]), path, self._label(owner), KINDS[kind])
            self._made[number] = made
            self._numbers[made] = number
        return made

    def text(self, number: int) -> str:
        return str(self._texts[number])

    def numbers_of_outputs(self, paths: Iterable[str]) -> list[int]:
        """The artifacts that are made at some exec paths; raises Unresumable for what no kept action makes."""
        wanted = set(paths)
        found: list[int] = []
        for number in self._generated_by:
            root, path, _, _ = self._rows[number]
            exec_path = f"{self._roots[root][0]}/{path}"
            if exec_path in wanted:
                wanted.discard(exec_path)
                found.append(number)
        if wanted:
            raise Unresumable(wanted.pop())
        return found

    def note(self, number: int, text: str) -> None:
        """An artifact holds something else now."""
        self._texts[number] = text

    def note_key(self, action: int, key: str) -> None:
        self._keys[action] = key

    def key_of(self, action: int) -> str:
        return str(self._keys[action])

    def outputs_of(self, action: int) -> Mapping[Artifact, int]:
        """The outputs of an action with their numbers."""
        return {self.artifact(number): number for number in self._outputs[action]}

    def number_of(self, artifact: Artifact) -> int | None:
        """The number of an artifact that was given out."""
        return self._numbers.get(artifact)

    def part(self, changed: Iterable[int], *, unread: Iterable[int] = ()) -> Part:
        """What artifacts concern that may hold something else now, the actions that make them included.

        Of `unread` artifacts it is known what they hold now. Raises Unresumable.
        """
        changed = set(changed)
        suspect = {self._generated_by[number] for number in changed if number in self._generated_by}
        pending = [WAYS * action + ACTION for action in suspect]
        news = changed.union(unread)
        pending += [reader for number in news for reader in self._readers[number] if self._is_there(reader)]
        concerned = dict.fromkeys(pending)
        while pending:
            number, kind = divmod(pending.pop(), WAYS)
            if kind in (TEST, PROGRAM):
                continue
            for reader in self._depset_readers[number] if kind == DEPSET else self._readers_of(number):
                if reader not in concerned and self._is_there(reader):
                    concerned[reader] = None
                    pending.append(reader)
        actions = [code // WAYS for code in concerned if code % WAYS == ACTION]
        unknown = changed | {output for action in actions for output in self._outputs[action]}
        nodes = self._nodes(concerned)
        known: dict[int, None] = {}
        for action in actions:
            self._collect(nodes[WAYS * action + ACTION].inputs, known)
        tests = [code // WAYS for code in concerned if code % WAYS == TEST]
        return Part(
            list(nodes.values()),
            actions,
            [(self._made[number], self._texts[number]) for number in known if number not in unknown],
            tests,
        )

    def test(self, number: int) -> TestRequest:
        (
            label,
            configuration,
            program,
            environment,
            arguments,
            size,
            timeout_seconds,
            shards,
            runs,
            attempts,
            tags,
            test_filter,
            fail_fast,
            run_under,
            cache,
            coverage,
        ) = marshal.loads(self._tests[number])
        return TestRequest(
            self._label(label),
            configuration,
            self._program(program),
            dict(environment),
            arguments,
            size,
            timeout_seconds,
            shards,
            runs,
            attempts,
            frozenset(tags),
            test_filter,
            fail_fast,
            run_under,
            POLICIES[cache],
            coverage,
        )

    def known_of(self, program: Program) -> list[tuple[Artifact, str]]:
        """What all that a program needs held when it was noted last."""
        known: dict[int, None] = {}
        self._collect(Depset([program.executable], [program.runfiles.artifacts]), known)
        return [(self._made[number], self._texts[number]) for number in known]

    def _is_there(self, reader: int) -> bool:
        """Whether it was not dropped."""
        number, kind = divmod(reader, WAYS)
        if kind == TEST:
            return self._tests[number] is not None
        if kind == PROGRAM:
            return self._programs[number] is not None
        return kind == DEPSET or bool(self._outputs[number])

    def programs_with(self, artifacts: Iterable[int]) -> list[Program]:
        """The programs whose trees hold some artifacts; raises Unresumable if one takes more to be laid out."""
        pending = [reader for number in artifacts for reader in self._readers[number] if self._is_there(reader)]
        found = dict.fromkeys(pending)
        while pending:
            number, kind = divmod(pending.pop(), WAYS)
            for reader in self._depset_readers[number] if kind == DEPSET else ():
                if reader not in found and self._is_there(reader):
                    found[reader] = None
                    pending.append(reader)
        programs: list[Program] = []
        for number in [code // WAYS for code in found if code % WAYS == PROGRAM]:
            packed, holds_forest = self._programs[number]
            program = self._program(marshal.loads(packed))
            if holds_forest:
                raise Unresumable(program.executable.exec_path)
            programs.append(program)
        return programs

    def _readers_of(self, action: int) -> Iterator[int]:
        for output in self._outputs[action]:
            yield from self._readers[output]

    def _nodes(self, concerned: Iterable[int]) -> dict[int, Node]:
        nodes: dict[int, Node] = {}
        for code in concerned:
            number, kind = divmod(code, WAYS)
            if kind == ACTION:
                action = self._action(number)
                nodes[code] = Node(action, inputs_of(action))
            elif kind == DEPSET:
                nodes[code] = Node(None, Depset())
        for code, node in nodes.items():
            number, kind = divmod(code, WAYS)
            for reader in self._depset_readers[number] if kind == DEPSET else self._readers_of(number):
                dependant = nodes.get(reader)
                if dependant is not None:
                    node.dependants.append(dependant)
                    dependant.waiting += 1
        return nodes

    def _collect(self, depset: Depset[Artifact], known: dict[int, None]) -> None:
        for artifact in depset.to_tuple():
            known[self._numbers[artifact]] = None

    def _label(self, number: int) -> Label:
        repository, package, name = self._owners[number]
        return Label(PackageId(repository, package), name)

    def _depset(self, number: int) -> Depset[Artifact]:
        pending = [number]
        # An explicit stack: dependency chains in real workspaces outgrow Python's.
        while pending:
            one = pending[-1]
            if one in self._made_depsets:
                pending.pop()
                continue
            order, direct, transitive = self._depset_rows[one]
            missing = [child for child in transitive if child not in self._made_depsets]
            if missing:
                pending += missing
                continue
            pending.pop()
            self._made_depsets[one] = Depset(
                [self.artifact(artifact) for artifact in direct],
                [self._made_depsets[child] for child in transitive],
                order=ORDERS[order],
            )
        return self._made_depsets[number]

    def _action(self, number: int) -> Action:
        packed = self._actions[number]
        if packed is None:
            raise Unresumable(self.artifact(self._outputs[number][0]).exec_path)
        outputs = tuple([self.artifact(output) for output in self._outputs[number]])
        match marshal.loads(packed):
            case ("link", owner, target, executable, mnemonic):
                return LinkArtifact(self._label(owner), outputs[0], self.artifact(target), executable, mnemonic)
            case ("tool", owner, inputs, interpreter, request, (tool, mnemonic, progress, user_environment, placeless)):
                return RunTool(
                    self._label(owner),
                    tool,
                    self._value(request),
                    self._depset(inputs),
                    outputs,
                    mnemonic,
                    progress,
                    None if interpreter is None else self.artifact(interpreter),
                    user_environment,
                    placeless,
                )
            case ("spawn", owner, inputs, programs, (argv, files, mnemonic, progress, *rest)):
                environment, requirements, properties = rest
                return Spawn(
                    self._label(owner),
                    KnownCommand(ExpandedCommand(argv, files)),
                    self._depset(inputs),
                    outputs,
                    mnemonic,
                    progress,
                    dict(environment),
                    frozenset(requirements),
                    tuple([self._program(program) for program in programs]),
                    dict(properties),
                )
            case _:
                raise Unresumable(outputs[0].exec_path)

    def _program(self, packed: Record) -> Program:
        executable, files, symlinks, root_symlinks, empty_filenames = packed

        def links(rows: Iterable[tuple[str, int]]) -> Depset[RunfilesLink]:
            return Depset([RunfilesLink(TreePath(path), self.artifact(target)) for path, target in rows])

        runfiles = Runfiles(
            self._depset(files), links(symlinks), links(root_symlinks), Depset(map(TreePath, empty_filenames))
        )
        return Program(self.artifact(executable), runfiles)

    def _value(self, value: Any) -> Any:
        match value:
            case ("artifact", number):
                return self.artifact(number)
            case ("mapping", items):
                return {key: self._value(element) for key, element in items}
            case ("tuple", elements):
                return tuple([self._value(element) for element in elements])
            case _:
                return value
