"""A workspace as far as execution: where outputs are, and what makes them."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from venvship.analysis.action_graph import ActionGraph
from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.node import Node
from venvship.events.build_events import PhaseStarted
from venvship.execution.action_cache import DiskActionCache
from venvship.execution.exec_root import ExecRoot
from venvship.execution.failures import ActionFailed
from venvship.execution.machinery import Machinery
from venvship.execution.output_state import OutputState
from venvship.execution.result import ExecutionResult
from venvship.execution.scheduler import Scheduler
from venvship.execution.source_state import LazySource, SourceState
from venvship.execution.workers import WorkerPool, accelerators
from venvship.host.machine import cpu_count
from venvship.host.sandbox import isolation, no_isolation
from venvship.model.artifact import OUTPUT_DIRECTORY, Artifact
from venvship.model.label import Label
from venvship.session.unpacking_ahead import UnpackingAhead, wheels_to_install
from venvship.session.workspace_analysis import WorkspaceAnalysis
from venvship.session.workspace_loading import OpenedWorkspace


class WorkspaceExecution(WorkspaceAnalysis):
    """What it takes to execute actions."""

    def __init__(self, opened: OpenedWorkspace) -> None:
        super().__init__(opened)
        self._workers: WorkerPool | None = None
        self._will_build = False

    def close(self) -> None:
        """End the worker processes."""
        if self._workers is not None:
            self._workers.close()

    @property
    def execution_root(self) -> Path:
        return self.layout.exec_root

    @property
    def bin_directory(self) -> Path:
        return self.execution_root / OUTPUT_DIRECTORY / self.configuration.directory / "bin"

    @property
    def test_logs(self) -> Path:
        return self.bin_directory.parent / "testlogs"

    @functools.cached_property
    def exec_root(self) -> ExecRoot:
        sources = SourceState(
            self.layout.workspace,
            repository_directory=self.directory_of,
            lazy=self._lazy_source,
            state_file=self.output_base / "sources",
        )
        return ExecRoot(
            self.execution_root,
            temporary=self.layout.temporary,
            links=self.layout.links,
            runfiles=self.layout.runfiles,
            sources=sources,
            blobs=self.blobs,
            trees=self.trees,
        )

    def _lazy_source(self, artifact: Artifact) -> LazySource | None:
        hub = self.hubs.get(artifact.root.repository)
        return hub.lazy_source(artifact) if hub is not None else None

    @functools.cached_property
    def machinery(self) -> Machinery:
        self._workers = WorkerPool(
            self._children, self.layout.temporary, packages=accelerators(), user_environment=os.environ
        )
        return Machinery(
            exec_root=self.exec_root,
            state=OutputState(self.layout.output_state),
            cache=DiskActionCache(self.layout.actions),
            workers=self._workers,
            children=self._children,
            events=self.events,
            isolation=isolation if self.options.sandbox else no_isolation,
            platform=str(self.host_platform),
            # Programs that come with this one, as uv does, are started by tests too.
            visible=(
                str(self.layout.user_root),
                str(self.layout.workspace),
                *self.repositories.places(),
                sys.prefix,
            ),
        )

    @functools.cached_property
    def scheduler(self) -> Scheduler:
        jobs = self.options.jobs or cpu_count()
        return Scheduler(self.machinery, jobs=jobs, keep_going=self.options.keep_going)

    def analyze_to_build(self, labels: Sequence[Label]) -> list[ConfiguredTarget]:
        """The same as `analyze` for targets that will be built: wheels are unpacked while others are on their way."""
        self._will_build = True
        try:
            return self.analyze(labels)
        finally:
            self._will_build = False

    def _unpacking_ahead(self, nodes: Sequence[Node]) -> UnpackingAhead | None:
        if not self._will_build:
            return None
        wheels = wheels_to_install(nodes, self.analyzer)
        return UnpackingAhead(self.machinery, interpreters=self.interpreters, host=self.host_platform, wheels=wheels)

    def execute(
        self, artifacts: Iterable[Artifact], graph: ActionGraph, *, if_made: Iterable[Artifact] = ()
    ) -> ExecutionResult:
        self.events.emit(PhaseStarted("execution"))
        result = self.scheduler.execute(artifacts, graph.generating, if_made=if_made)
        for failure in result.failures:
            if isinstance(failure, ActionFailed) and failure.place is None:
                failure.place = graph.place_of(failure.action)
        return result

    def action_graph(self) -> ActionGraph:
        """The actions of all that was analysed; raises what is wrong with them, unless `keep_going`."""
        targets = self.analyzer.targets
        return ActionGraph.collected(targets) if self.options.keep_going else ActionGraph.of(targets)
