from __future__ import annotations

import dataclasses
import marshal
from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.execution.action_key import action_key
from venvship.execution.graph_absorption import absorbed
from venvship.execution.graph_columns import Record
from venvship.execution.graph_record import GraphRecord
from venvship.execution.graph_writer import GraphWriter
from venvship.execution.outputs import OutputFile
from venvship.execution.test_request import CachePolicy
from venvship.execution.test_request import TestRequest as Request
from venvship.execution.unresumable import Unresumable
from venvship.model.action import (
    Action,
    ExpandedCommand,
    FilesIn,
    LinkArtifact,
    Program,
    RequestValue,
    RunTool,
    Spawn,
    WriteFile,
    inputs_of,
)
from venvship.model.artifact import Artifact, Root
from venvship.model.depset import Depset, Order
from venvship.model.digest import Digest
from venvship.model.label import Label, PackageId
from venvship.model.paths import TreePath
from venvship.model.runfiles import Runfiles, RunfilesLink

OUTPUTS, SOURCES = Root.of_outputs("cfg", ""), Root.of_sources("")


def owner(name: str) -> Label:
    return Label(PackageId("", "pkg"), name)


def source(number: int) -> Artifact:
    return Artifact(SOURCES, f"s{number}", owner(f"s{number}"))


def text_of(artifact: Artifact) -> str:
    return str(OutputFile(Digest.of(artifact.exec_path.encode())))


def key_of(action: Action) -> str:
    return action_key(action, text_of, platform="p", files_in=lambda artifact: ())


class Command:
    """Arguments that are known when they are asked for, or only when a directory is there."""

    def __init__(self, *argv: str, directory: Artifact | None = None) -> None:
        self._argv = argv
        self._directory = directory

    def expand(self, files_in: FilesIn) -> ExpandedCommand:
        names = files_in(self._directory) if self._directory is not None else ()
        return ExpandedCommand((*self._argv, *names))


def target(number: int, inputs: Sequence[Artifact], below: Sequence[Depset[Artifact]], word: str = "") -> Action:
    """One action of the target `t<number>`, of a kind that the number says."""
    label = owner(f"t{number}")
    out = Artifact(OUTPUTS, f"o{number}", label)
    every = Depset(inputs, below, order=list(Order)[number % 2])
    match number % 4:
        case 0 if len(inputs) == 1:
            return LinkArtifact(label, out, inputs[0])
        case 1:
            request: dict[str, RequestValue] = {"word": word, "of": (inputs[0], {"n": number}, None, True), "to": out}
            return RunTool(label, "install_wheel", request, every, (out,), "Tool", "t", inputs[0])
        case 2:
            runfiles = Runfiles(
                every,
                Depset([RunfilesLink(TreePath("a/b"), inputs[0])]),
                Depset([RunfilesLink(TreePath("c"), inputs[0])]),
                Depset([TreePath("_main/empty")]),
            )
            programs = (Program(inputs[0], runfiles),)
            return Spawn(label, Command("x", word), every, (out,), "Spawn", "s", {"A": word}, frozenset("r"), programs)
        case _:
            return Spawn(label, ("y", word), every, (out,), "Spawn", "s")


PLAIN = ("environment", "arguments", "run_under", "coverage", "tags")
Shape = Sequence[tuple[Sequence[int], bool]]
"""Of each target the numbers of what it reads, sources from 0 on, and whether it reads them through a depset."""


def graph(shape: Shape, words: Mapping[int, str] | None = None) -> list[Action]:
    made = [source(number) for number in range(3)]
    depsets: list[Depset[Artifact]] = []
    actions: list[Action] = []
    for number, (reads, shares) in enumerate(shape):
        inputs = [made[one % len(made)] for one in reads]
        below = [depsets[reads[0] % len(depsets)]] if shares and depsets else []
        depsets.append(Depset(inputs, below))
        action = target(number, inputs, [depsets[-1]] if shares else below, (words or {}).get(number, ""))
        actions.append(action)
        made.append(action.outputs[0])
    return actions


def record_of(actions: Iterable[Action], *, tests: Iterable[Request] = ()) -> Record:
    writer = GraphWriter(text_of, is_ready=lambda program: True, is_of_forest=lambda artifact: artifact == source(2))
    for action in actions:
        writer.add_action(action, key_of(action))
    for test in tests:
        writer.add_test(test)
    record: Record = marshal.loads(marshal.dumps(writer.record()))
    return record


def numbers(record: GraphRecord, artifacts: Iterable[Artifact]) -> list[int]:
    """The numbers of the artifacts that the record knows."""
    known = {record.artifact(number): number for number in range(len(record.record[2]))}
    return [known[artifact] for artifact in artifacts if artifact in known]


def concerned(actions: Sequence[Action], changed: set[Artifact]) -> dict[Artifact, str]:
    """The first outputs of all actions that a change concerns, with their keys."""
    reached = set(changed)
    found: dict[Artifact, str] = {}
    for action in actions:
        if reached & set(inputs_of(action).to_tuple()):
            reached.update(action.outputs)
            found[action.outputs[0]] = key_of(action)
    return found


shapes = st.lists(
    st.tuples(st.lists(st.integers(0, 30), min_size=1, max_size=4), st.booleans()), min_size=1, max_size=14
)


@given(shapes, st.sets(st.integers(0, 2), min_size=1))
def test_a_part_is_what_a_change_concerns_as_it_was(shape: Shape, changed: set[int]) -> None:
    actions = graph(shape)
    record = GraphRecord(record_of(actions))
    part = record.part(numbers(record, map(source, changed)))
    found = [node.action for node in part.nodes if node.action is not None]
    assert {one.outputs[0]: key_of(one) for one in found} == concerned(actions, {source(one) for one in changed})
    # Whatever the actions read is known, or made by them, or changed.
    known = {artifact for artifact, _ in part.known}
    made = {output for one in found for output in one.outputs}
    for one in found:
        assert set(inputs_of(one).to_tuple()) <= known | made | {source(number) for number in changed}
    assert not known & made


@given(shapes, st.data())
def test_nodes_wait_for_all_that_they_need_and_for_nothing_else(shape: Shape, data: st.DataObject) -> None:
    actions = graph(shape)
    record = GraphRecord(record_of(actions))
    part = record.part(numbers(record, [source(data.draw(st.integers(0, 2)))]))
    waiting = {id(node): node.waiting for node in part.nodes}
    ready = [node for node in part.nodes if not node.waiting]
    done: set[Artifact] = set()
    made = {output for node in part.nodes if node.action is not None for output in node.action.outputs}
    while ready:
        node = ready.pop(data.draw(st.integers(0, len(ready) - 1)))
        if node.action is not None:
            assert set(inputs_of(node.action).to_tuple()) & made <= done
            done.update(node.action.outputs)
        for dependant in node.dependants:
            waiting[id(dependant)] -= 1
            if not waiting[id(dependant)]:
                ready.append(dependant)
    assert done == made


@given(shapes, st.sets(st.integers(0, 13), max_size=4), st.integers(0, 2))
def test_a_record_that_took_in_a_part_is_that_of_the_whole(shape: Shape, edited: set[int], changed: int) -> None:
    old = graph(shape)
    new = graph(shape, dict.fromkeys(edited, "edited"))
    gone = {owner(f"t{number}") for number in edited}
    reached: set[Artifact] = set()
    for action in old:
        if action.owner in gone or reached & set(inputs_of(action).to_tuple()):
            reached.update(action.outputs)
            gone.add(action.owner)
    # What is concerned is analysed again with all that it needs.
    needed: set[Artifact] = set()
    part: list[Action] = []
    for action in reversed(new):
        if action.owner in gone or needed & set(action.outputs):
            needed.update(inputs_of(action).to_tuple())
            part.insert(0, action)
    names = {(label.repository, label.package.path, label.name) for label in gone}
    merged = absorbed(record_of(old), record_of(part), is_dropped=names.__contains__)
    assert len(merged.numbers) == len(record_of(part)[2]) and not merged.changed
    record = GraphRecord(marshal.loads(marshal.dumps(merged.record)))
    result = record.part(numbers(record, [source(changed)]))
    found = {node.action.outputs[0]: key_of(node.action) for node in result.nodes if node.action is not None}
    assert found == concerned(new, {source(changed)})


F, X, LINK, TREE = f"f {Digest.of(b'')}", f"x {Digest.of(b'x')}", "l a", f"t {Digest.of(b't')}"


@pytest.mark.parametrize(
    ("of", "was", "becomes", "taken"),
    [
        ("source", F, X, True),
        ("source", TREE, f"t {Digest.of(b'other')}", True),
        ("source", LINK, "l b", True),
        ("source", F, TREE, False),
        ("source", LINK, F, False),
        ("output", F, X, True),
        ("output", LINK, "l b", False),
        ("output", TREE, f"t {Digest.of(b'other')}", False),
        ("dropped output", LINK, "l b", True),
    ],
)
def test_what_runfiles_trees_may_hold_as_it_was_is_not_taken_in(of: str, was: str, becomes: str, taken: bool) -> None:
    made = Artifact(OUTPUTS, "o", owner("dropped" if of.startswith("dropped") else "t"))
    link = LinkArtifact(made.owner, made, source(0))
    changed = source(0) if of == "source" else made

    def record(text: str) -> Record:
        writer = GraphWriter(
            lambda artifact: text if artifact == changed else text_of(artifact),
            is_ready=lambda program: True,
            is_of_forest=lambda artifact: False,
        )
        writer.add_action(link, "k")
        return writer.record()

    if not taken:
        with pytest.raises(Unresumable):
            absorbed(record(was), record(becomes), is_dropped=lambda names: names[2] == "dropped")
        return
    merged = absorbed(record(was), record(becomes), is_dropped=lambda names: names[2] == "dropped")
    again = GraphRecord(merged.record)
    assert [again.artifact(number) for number in merged.changed] == [changed]
    assert [again.text(number) for number in merged.changed] == [becomes]


def plain(one: object) -> dict[str, object]:
    """The fields of an action or a request whose values have no artifacts in them."""
    fields = {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}  # type: ignore[arg-type]
    return {
        name: value
        for name, value in fields.items()
        if isinstance(value, str | bool | int | float | frozenset | Label | CachePolicy | None) or name in PLAIN
    }


def test_every_field_of_an_action_comes_back() -> None:
    label, inputs = owner("t"), Depset([source(0)])
    made = (Artifact(OUTPUTS, "a", label),)
    tool = RunTool(label, "install_wheel", {}, inputs, made, "M", "p", source(0), True, True)
    argv = ("x", "y")
    outputs = (Artifact(OUTPUTS, "b", label),)
    spawn = Spawn(label, argv, inputs, outputs, "N", "q", {"A": "B"}, frozenset({"no-cache"}))
    program = Program(source(0), Runfiles())
    test = Request(
        label, "cfg", program, {"C": "D"}, ("-v",), "large", 7.5, 2, 3, 4, frozenset({"t"}), "f", True, ("run",),
        CachePolicy.YES, ("cover",),
    )  # fmt: skip
    defaults = {"user_environment": False, "placeless": False, "requirements": frozenset(), "fail_fast": False}
    record = GraphRecord(record_of([tool, spawn], tests=[test]))
    part = record.part(numbers(record, [source(0)]))
    again: dict[str, object] = {one.action.mnemonic: one.action for one in part.nodes if one.action is not None}
    for one, other in ((tool, again["M"]), (spawn, again["N"]), (test, record.test(0))):
        assert plain(one) == plain(other)
        assert all(plain(one).get(name) != default for name, default in defaults.items())


def request(name: str, *files: Artifact) -> Request:
    program = Artifact(OUTPUTS, name, owner(name))
    return Request(owner(name), "cfg", Program(program, Runfiles(Depset([*files]))), {"A": "B"}, ("-v",), shards=2)


def test_tests_come_back_as_they_were() -> None:
    tests = [request("one", source(0)), request("two", source(1))]
    record = GraphRecord(record_of([], tests=tests))
    part = record.part(numbers(record, [source(1)]))
    assert list(part.tests) == [1]
    again = record.test(1)
    assert (again.label, again.environment, again.arguments, again.shards) == (owner("two"), {"A": "B"}, ("-v",), 2)
    assert {artifact for artifact, _ in record.known_of(again.program)} == {source(1), again.program.executable}
    merged = absorbed(record_of([], tests=tests), record_of([], tests=[request("two", source(2))]),
                      is_dropped=lambda names: names[2] == "two")  # fmt: skip
    record = GraphRecord(merged.record)
    assert list(record.part(numbers(record, [source(1)])).tests) == []
    assert [record.test(number).label.name for number in record.part(numbers(record, [source(2)])).tests] == ["two"]


def test_programs_are_found_by_what_lies_in_their_trees() -> None:
    writer = GraphWriter(text_of, is_ready=lambda one: True, is_of_forest=lambda artifact: artifact == source(2))
    link = LinkArtifact(owner("l"), Artifact(OUTPUTS, "l", owner("l")), source(0))
    one = Program(Artifact(OUTPUTS, "one", owner("one")), Runfiles(Depset([], [Depset([link.output])])))
    two = Program(Artifact(OUTPUTS, "two", owner("two")), Runfiles(Depset([source(1)], [Depset([source(2)])])))
    writer.add_program(one)
    writer.add_program(two)
    writer.add_action(link, "k")
    record = GraphRecord(writer.record())
    [found] = record.programs_with(numbers(record, [link.output]))
    assert found.executable == one.executable and found.runfiles.entries() == one.runfiles.entries()
    assert record.programs_with(numbers(record, [source(0)])) == []
    with pytest.raises(Unresumable):
        record.programs_with(numbers(record, [source(1)]))
    merged = absorbed(writer.record(), record_of([]), is_dropped=lambda names: names[2] == "one")
    assert GraphRecord(merged.record).programs_with(numbers(record, [link.output])) == []


def test_what_depends_on_the_files_of_a_directory_is_not_kept() -> None:
    label = owner("t")
    out = Artifact(OUTPUTS, "o", label)
    spawn = Spawn(label, Command("x", directory=source(0)), Depset([source(0), source(1)]), (out,), "Spawn", "s")
    record = GraphRecord(record_of([spawn]))
    with pytest.raises(Unresumable):
        record.part(numbers(record, [source(1)]))
    assert list(record.part([]).nodes) == []


def test_programs_that_are_not_laid_out_are_not_kept() -> None:
    program = Program(source(0), Runfiles(Depset([source(1)])))
    label = owner("t")
    spawn = Spawn(label, ("x",), Depset([source(2)]), (Artifact(OUTPUTS, "o", label),), "S", "s", programs=(program,))
    writer = GraphWriter(text_of, is_ready=lambda one: False, is_of_forest=lambda artifact: False)
    writer.add_action(spawn, "k")
    record = GraphRecord(writer.record())
    with pytest.raises(Unresumable):
        record.part(numbers(record, [source(2)]))


def test_only_outputs_of_kept_actions_are_known() -> None:
    label = owner("t")
    written = WriteFile(label, Artifact(OUTPUTS, "w", label), b"x")
    link = LinkArtifact(label, Artifact(OUTPUTS, "l", label), source(0))
    record = GraphRecord(record_of([written, link]))
    [number] = record.numbers_of_outputs([link.output.exec_path])
    assert record.artifact(number) == link.output
    assert [node.action is not None for node in record.part([number]).nodes] == [True]
    with pytest.raises(Unresumable):
        record.numbers_of_outputs([link.output.exec_path, written.output.exec_path])
