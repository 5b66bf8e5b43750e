"""What the actions of a part of the graph left, by the record of the graph instead of that of the output tree.

The record of the output tree is large, and is read only when it knows better: when another command has touched the
outputs of an action since.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from venvship.execution.graph_record import GraphRecord
from venvship.execution.output_state import OutputState, Rows, Trace, trace_of
from venvship.model.paths import ExecPath


class RecordedState:
    """`touched` are the exec paths of outputs that are not as the record has them."""

    def __init__(
        self,
        record: GraphRecord,
        actions: Iterable[int],
        touched: Collection[str],
        state: OutputState,
        output_path: Callable[[ExecPath], str],
    ) -> None:
        self._record = record
        self._touched = touched
        self._state = state
        self._output_path = output_path
        self._actions = {next(iter(record.outputs_of(action))).exec_path: action for action in actions}

    def get(self, primary: ExecPath, key: str) -> Rows | None:
        action = self._actions[primary]
        outputs = self._record.outputs_of(action)
        if any(artifact.exec_path in self._touched for artifact in outputs):
            return self._state.get(primary, key)
        if self._record.key_of(action) != key:
            return None
        rows: dict[str, tuple[str, Trace]] = {}
        for artifact, number in outputs.items():
            trace = trace_of(self._output_path(artifact.exec_path))
            if trace is None:
                return None
            rows[artifact.exec_path] = (self._record.text(number), trace)
        return rows

    def put(self, primary: ExecPath, key: str, rows: Rows) -> None:
        self._state.put(primary, key, rows)

    def forget(self, primary: ExecPath) -> None:
        self._state.forget(primary)

    def save(self) -> None:
        self._state.save()
