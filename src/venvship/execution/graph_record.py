"""The action graph of a build, kept so that a later command can run the part that changed files concern.

Everything is numbered: artifacts, depsets, actions, tests. Depsets are kept as the shared nodes that they are. For each
artifact and each depset there are the numbers of what reads it, so the part that a change concerns is found without
looking at the rest; only that part becomes objects again.

Actions that read nothing are not kept, for no change of a file concerns them. Nor is the text of actions whose
arguments depend on what directories hold; a change that concerns one of these is `Unresumable`.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from venvship.dataclass import dataclass
from venvship.execution.expansion import command_of
from venvship.execution.graph import Node
from venvship.execution.test_request import CachePolicy, TestRequest
from venvship.model.action import (
    Action,
    ExpandedCommand,
    FilesIn,
    LinkArtifact,
    Program,
    RequestValue,
    RunTool,
    Spawn,
    inputs_of,
)
from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.depset import Depset, Order
from venvship.model.label import Label, PackageId
from venvship.model.paths import TreePath
from venvship.model.runfiles import Runfiles, RunfilesLink

Record: TypeAlias = tuple[Any, ...]
"""What `marshal` can keep: nested tuples of plain values."""

# A reader is its number times `_WAYS` plus what it is.
_DEPSET, _ACTION, _TEST, _PROGRAM = 0, 1, 2, 3
_WAYS = 4
_KINDS = tuple(ArtifactKind)
_ORDERS = tuple(Order)
_POLICIES = tuple(CachePolicy)


class Unresumable(Exception):
    """What was kept does not suffice; the command must load and analyse."""


@dataclass(frozen=True, slots=True)
class KnownCommand:
    """A command line that was expanded before."""

    command: ExpandedCommand

    def expand(self, files_in: FilesIn) -> ExpandedCommand:
        return self.command


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
        self._depsets: dict[int, int] = {}
        # Keeps depsets alive, so that no other one gets the id of one that is known.
        self._held: list[Depset[Artifact]] = []
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
        reader = _WAYS * len(self._tests) + _TEST
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
            _POLICIES.index(request.cache),
            request.coverage,
        )
        self._tests.append(marshal.dumps(row))

    def add_program(self, program: Program) -> None:
        """A program whose runfiles tree is laid out."""
        number = self._depset(Depset([program.executable], [program.runfiles.artifacts]))
        self._depset_readers[number].append(_WAYS * len(self._programs) + _PROGRAM)
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
        return _WAYS * number + _ACTION

    def _artifact(self, artifact: Artifact) -> int:
        number = self._artifacts.get(artifact)
        if number is None:
            number = self._artifacts[artifact] = len(self._rows)
            root = self._roots.setdefault(artifact.root, len(self._roots))
            self._rows.append((root, artifact.path, self._owner(artifact.owner), _KINDS.index(artifact.kind)))
            self._texts.append(self._text_of(artifact))
            self._readers.append([])
        return number

    def _owner(self, label: Label) -> int:
        return self._owners.setdefault(label, len(self._owners))

    def _depset(self, depset: Depset[Artifact]) -> int:
        known = self._depsets.get(id(depset))
        if known is not None:
            return known
        for node in depset.nodes():
            if id(node) in self._depsets:
                continue
            number = self._depsets[id(node)] = len(self._held)
            self._held.append(node)
            direct = tuple([self._artifact(artifact) for artifact in node.direct])
            transitive = tuple([self._depsets[id(child)] for child in node.transitive])
            self._depset_rows.append((_ORDERS.index(node.order), direct, transitive))
            self._depset_readers.append([])
            self._holds_forest.append(
                any(self._holds_forest[child] for child in transitive) or any(map(self._is_of_forest, node.direct))
            )
            reader = _WAYS * number + _DEPSET
            for one in direct:
                self._readers[one].append(reader)
            for child in transitive:
                self._depset_readers[child].append(reader)
        return self._depsets[id(depset)]

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


def is_file(text: str) -> bool:
    """Whether the text of an output is that of a file."""
    return text.startswith(("f ", "x "))


def _refuse(artifact: Artifact) -> tuple[TreePath, ...]:
    raise Unresumable(artifact.exec_path)


@dataclass(frozen=True, slots=True)
class Part:
    """What changes concern: nodes for the scheduler, what else their inputs hold, and the tests by number."""

    nodes: Sequence[Node]
    actions: Sequence[int]
    known: Sequence[tuple[Artifact, str]]
    tests: Sequence[int]


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A graph that took another one in.

    `numbers` are those that the artifacts of the other one have now. `changed` are artifacts that hold something else
    than before: what reads them in the one may not have been looked at in the other.
    """

    record: Record
    numbers: Sequence[int]
    changed: Sequence[int]


def absorbed(old: Record, new: Record, *, is_dropped: Callable[[tuple[str, str, str]], bool]) -> Absorbed:
    """`old` with what is in `new`, and without the actions and tests of some owners; raises Unresumable.

    An owner is repository, package and name. What both have holds what `new` says.
    """
    return _Absorption(old).absorb(new, is_dropped)


class _Columns:
    """A record taken apart, as `GraphWriter.record` put it together."""

    def __init__(self, record: Record) -> None:
        """Raises ValueError for what is no record."""
        (
            self._roots,
            self._owners,
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
        ) = self._record = record


class _Absorption(_Columns):
    def __init__(self, old: Record) -> None:
        super().__init__(old)
        self._root_numbers = {root: number for number, root in enumerate(self._roots)}
        self._owner_numbers = {names: number for number, names in enumerate(self._owners)}
        self._numbers = {(root, path): number for number, (root, path, _, _) in enumerate(self._rows)}
        self._moved_owners: list[int] = []
        self._moved: list[int] = []
        self._changed: list[int] = []
        self._dropped: set[int] = set()
        self._first_depset = len(self._depset_rows)

    def absorb(self, new: Record, is_dropped: Callable[[tuple[str, str, str]], bool]) -> Absorbed:
        self._dropped = {number for number, names in enumerate(self._owners) if is_dropped(names)}
        self._drop(self._dropped)
        roots, owners, rows, texts, readers, depset_rows, depset_readers, *rest = new
        actions, keys, outputs, _, tests, programs = rest
        moved_roots = [self._added(self._roots, self._root_numbers, root) for root in roots]
        self._moved_owners = [self._added(self._owners, self._owner_numbers, names) for names in owners]
        for (root, path, owner, kind), text in zip(rows, texts, strict=True):
            self._add_artifact((moved_roots[root], path, self._moved_owners[owner], kind), text)
        for order, direct, transitive in depset_rows:
            self._depset_rows.append(
                (
                    order,
                    tuple([self._moved[one] for one in direct]),
                    tuple([self._first_depset + one for one in transitive]),
                )
            )
        readers_of_actions = self._add_actions(actions, keys, outputs)
        first_test = len(self._tests)
        self._tests += [self._moved_test(test) for test in tests]
        first_program = len(self._programs)
        self._programs += [self._moved_program_row(program) for program in programs]

        def moved_reader(reader: int) -> int | None:
            number, kind = divmod(reader, _WAYS)
            if kind == _DEPSET:
                return _WAYS * (self._first_depset + number) + _DEPSET
            if kind == _TEST:
                return _WAYS * (first_test + number) + _TEST
            if kind == _PROGRAM:
                return _WAYS * (first_program + number) + _PROGRAM
            action = readers_of_actions[number]
            return None if action is None else _WAYS * action + _ACTION

        for number, old_readers in zip(self._moved, readers, strict=True):
            self._readers[number] += [one for one in map(moved_reader, old_readers) if one is not None]
        for old_readers in depset_readers:
            self._depset_readers.append([one for one in map(moved_reader, old_readers) if one is not None])
        return Absorbed(self._record, self._moved, self._changed)

    def _drop(self, owners: set[int]) -> None:
        for number, outputs in enumerate(self._outputs):
            if outputs and self._rows[outputs[0]][2] in owners:
                self._actions[number] = None
                self._outputs[number] = ()
                for output in outputs:
                    self._generated_by.pop(output, None)
        for number, test in enumerate(self._tests):
            if test is not None and marshal.loads(test)[0] in owners:
                self._tests[number] = None
        for number, program in enumerate(self._programs):
            if program is not None and self._rows[marshal.loads(program[0])[0]][2] in owners:
                self._programs[number] = None

    @staticmethod
    def _added(values: list[Any], numbers: dict[Any, int], value: Any) -> int:
        number = numbers.get(value)
        if number is None:
            number = numbers[value] = len(values)
            values.append(value)
        return number

    def _add_artifact(self, row: tuple[int, str, int, int], text: str) -> None:
        number = self._numbers.get(row[:2])
        if number is None:
            number = self._numbers[row[:2]] = len(self._rows)
            self._rows.append(row)
            self._texts.append(text)
            self._readers.append([])
        else:
            if self._texts[number] != text:
                if not self._may_change(number, text):
                    raise Unresumable(row[1])
                self._changed.append(number)
            self._rows[number] = row
            self._texts[number] = text
        self._moved.append(number)

    def _may_change(self, number: int, text: str) -> bool:
        """Whether no runfiles tree that was not laid out anew can hold what an artifact was.

        Trees hold the texts of links, and where outputs are that are directories.
        """
        root, _, owner, _ = self._rows[number]
        old = self._texts[number]
        if is_file(old) and is_file(text):
            return True
        return (self._roots[root][2] and old[:2] == text[:2]) or owner in self._dropped

    def _add_actions(
        self, actions: Sequence[bytes | None], keys: Sequence[str], outputs: Sequence[tuple[int, ...]]
    ) -> list[int | None]:
        """The new number of each action; None for those that are known."""
        numbers: list[int | None] = []
        for packed, key, made in zip(actions, keys, outputs, strict=True):
            moved = tuple([self._moved[one] for one in made])
            known = self._generated_by.get(moved[0])
            if known is not None:
                self._keys[known] = key
                numbers.append(None)
                continue
            number = len(self._actions)
            numbers.append(number)
            self._actions.append(None if packed is None else marshal.dumps(self._moved_action(marshal.loads(packed))))
            self._keys.append(key)
            self._outputs.append(moved)
            self._generated_by.update(dict.fromkeys(moved, number))
        return numbers

    def _moved_action(self, packed: Record) -> Record:
        kind, owner, *rest = packed
        owner = self._moved_owners[owner]
        match kind, rest:
            case "link", [target, executable, mnemonic]:
                return (kind, owner, self._moved[target], executable, mnemonic)
            case "tool", [inputs, interpreter, request, plain]:
                moved = None if interpreter is None else self._moved[interpreter]
                return (kind, owner, self._first_depset + inputs, moved, self._moved_request(request), plain)
            case "spawn", [inputs, programs, plain]:
                moved_programs = tuple([self._moved_program(program) for program in programs])
                return (kind, owner, self._first_depset + inputs, moved_programs, plain)
            case _:
                raise Unresumable(str(kind))

    def _moved_program(self, packed: Record) -> Record:
        executable, files, symlinks, root_symlinks, empty_filenames = packed
        return (
            self._moved[executable],
            self._first_depset + files,
            tuple([(path, self._moved[target]) for path, target in symlinks]),
            tuple([(path, self._moved[target]) for path, target in root_symlinks]),
            empty_filenames,
        )

    def _moved_request(self, value: Any) -> Any:
        match value:
            case ("artifact", number):
                return ("artifact", self._moved[number])
            case ("mapping", items):
                return ("mapping", tuple([(key, self._moved_request(element)) for key, element in items]))
            case ("tuple", elements):
                return ("tuple", tuple([self._moved_request(element) for element in elements]))
            case _:
                return value

    def _moved_program_row(self, row: tuple[bytes, bool]) -> tuple[bytes, bool]:
        return (marshal.dumps(self._moved_program(marshal.loads(row[0]))), row[1])

    def _moved_test(self, test: bytes) -> bytes:
        label, configuration, program, *rest = marshal.loads(test)
        return marshal.dumps((self._moved_owners[label], configuration, self._moved_program(program), *rest))


class GraphRecord(_Columns):
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
            made = Artifact(Root(*self._roots[root]), path, self._label(owner), _KINDS[kind])
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
        pending = [_WAYS * action + _ACTION for action in suspect]
        news = changed.union(unread)
        pending += [reader for number in news for reader in self._readers[number] if self._is_there(reader)]
        concerned = dict.fromkeys(pending)
        while pending:
            number, kind = divmod(pending.pop(), _WAYS)
            if kind in (_TEST, _PROGRAM):
                continue
            for reader in self._depset_readers[number] if kind == _DEPSET else self._readers_of(number):
                if reader not in concerned and self._is_there(reader):
                    concerned[reader] = None
                    pending.append(reader)
        actions = [code // _WAYS for code in concerned if code % _WAYS == _ACTION]
        unknown = changed | {output for action in actions for output in self._outputs[action]}
        nodes = self._nodes(concerned)
        known: dict[int, None] = {}
        for action in actions:
            self._collect(nodes[_WAYS * action + _ACTION].inputs, known)
        tests = [code // _WAYS for code in concerned if code % _WAYS == _TEST]
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
            _POLICIES[cache],
            coverage,
        )

    def known_of(self, program: Program) -> list[tuple[Artifact, str]]:
        """What all that a program needs held when it was noted last."""
        known: dict[int, None] = {}
        self._collect(Depset([program.executable], [program.runfiles.artifacts]), known)
        return [(self._made[number], self._texts[number]) for number in known]

    def _is_there(self, reader: int) -> bool:
        """Whether it was not dropped."""
        number, kind = divmod(reader, _WAYS)
        if kind == _TEST:
            return self._tests[number] is not None
        if kind == _PROGRAM:
            return self._programs[number] is not None
        return kind == _DEPSET or bool(self._outputs[number])

    def programs_with(self, artifacts: Iterable[int]) -> list[Program]:
        """The programs whose trees hold some artifacts; raises Unresumable if one takes more to be laid out."""
        pending = [reader for number in artifacts for reader in self._readers[number] if self._is_there(reader)]
        found = dict.fromkeys(pending)
        while pending:
            number, kind = divmod(pending.pop(), _WAYS)
            for reader in self._depset_readers[number] if kind == _DEPSET else ():
                if reader not in found and self._is_there(reader):
                    found[reader] = None
                    pending.append(reader)
        programs: list[Program] = []
        for number in [code // _WAYS for code in found if code % _WAYS == _PROGRAM]:
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
            number, kind = divmod(code, _WAYS)
            if kind == _ACTION:
                action = self._action(number)
                nodes[code] = Node(action, inputs_of(action))
            elif kind == _DEPSET:
                nodes[code] = Node(None, Depset())
        for code, node in nodes.items():
            number, kind = divmod(code, _WAYS)
            for reader in self._depset_readers[number] if kind == _DEPSET else self._readers_of(number):
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
                order=_ORDERS[order],
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
