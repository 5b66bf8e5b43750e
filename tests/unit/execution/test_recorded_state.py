from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from venvship.execution.graph_record import GraphRecord
from venvship.execution.graph_writer import GraphWriter
from venvship.execution.output_state import OutputState, Rows, trace_of
from venvship.execution.recorded_state import RecordedState
from venvship.model.action import LinkArtifact
from venvship.model.artifact import Artifact, Root
from venvship.model.label import Label, PackageId

OWNER = Label(PackageId("", "pkg"), "t")
MADE = Artifact(Root.of_outputs("cfg", ""), "o", OWNER)
OURS: Rows = {MADE.exec_path: ("f of another command", "f of another command")}


def state_of(directory: Path, *, touched: Collection[str] = ()) -> RecordedState:
    """The graph knows that `MADE` was `f x` and its key `k`; the record of the output tree says otherwise."""
    writer = GraphWriter(lambda artifact: "f x", is_ready=lambda program: True, is_of_forest=lambda artifact: False)
    writer.add_action(LinkArtifact(OWNER, MADE, Artifact(Root.of_sources(""), "s", OWNER)), "k")
    others = OutputState(directory / "state")
    others.put(MADE.exec_path, "k", OURS)
    (directory / "o").write_text("x")
    return RecordedState(GraphRecord(writer.record()), [0], touched, others, lambda path: str(directory / "o"))


def test_the_graph_knows_what_an_action_left_and_the_disk_how_it_looks(tmp_path: Path) -> None:
    state = state_of(tmp_path)
    assert state.get(MADE.exec_path, "k") == {MADE.exec_path: ("f x", trace_of(str(tmp_path / "o")))}
    assert state.get(MADE.exec_path, "another key") is None


def test_what_is_gone_was_not_left(tmp_path: Path) -> None:
    state = state_of(tmp_path)
    os.unlink(tmp_path / "o")
    assert state.get(MADE.exec_path, "k") is None


def test_the_record_of_the_output_tree_knows_better_what_another_command_touched(tmp_path: Path) -> None:
    state = state_of(tmp_path, touched={MADE.exec_path})
    assert state.get(MADE.exec_path, "k") == OURS
    state.forget(MADE.exec_path)
    assert state.get(MADE.exec_path, "k") is None


def test_what_is_put_is_kept_for_the_next_command(tmp_path: Path) -> None:
    state = state_of(tmp_path)
    rows: Rows = {MADE.exec_path: ("f y", "f 1 2 3 644")}
    state.put(MADE.exec_path, "k2", rows)
    state.save()
    kept = OutputState(tmp_path / "state").get(MADE.exec_path, "k2")
    assert kept is not None and {path: tuple(row) for path, row in kept.items()} == rows
