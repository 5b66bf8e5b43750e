"""A bench: a workspace, a user root and everything that executing takes, with real files and real programs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from venvship.blobs.disk import DiskBlobStore
from venvship.events.build_events import Event
from venvship.execution.action_cache import DiskActionCache
from venvship.execution.exec_root import ExecRoot
from venvship.execution.layout import Layout
from venvship.execution.machinery import Machinery
from venvship.execution.output_state import OutputState
from venvship.execution.result import ExecutionResult
from venvship.execution.scheduler import Scheduler
from venvship.execution.source_state import SourceState
from venvship.execution.trees import TreeStore
from venvship.execution.workers import WorkerPool
from venvship.host.processes import Children
from venvship.host.sandbox import Isolation
from venvship.model.action import Action, RequestValue, RunTool, Spawn, WriteFile
from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.depset import Depset
from venvship.model.label import Label, PackageId

PACKAGE = PackageId("", "pkg")
OUTPUTS = Root.of_outputs("cfg", "")
SOURCES = Root.of_sources("")


class Events:
    """An event sink that remembers."""

    def __init__(self) -> None:
        self.seen: list[Event] = []

    def emit(self, event: Event) -> None:
        self.seen.append(event)


class Bench:
    """Declares actions and builds; each build is like a command of its own."""

    def __init__(self, directory: Path) -> None:
        self.workspace = directory / "workspace"
        self.user_root = directory / "cache"
        self.workspace.mkdir(parents=True, exist_ok=True)
        self.isolation = Isolation.NONE
        self.keep_going = False
        self.jobs = 2
        self.actions: dict[Artifact, Action] = {}
        self.events = Events()
        self.children = Children()

    # What a rule would say.

    def source(self, path: str, content: str | None = None, *, executable: bool = False) -> Artifact:
        if content is not None:
            self.write(path, content, executable=executable)
        return Artifact(SOURCES, path, Label(PACKAGE, path.replace("/", "_")))

    def output(self, path: str, kind: ArtifactKind = ArtifactKind.FILE) -> Artifact:
        return Artifact(OUTPUTS, path, Label(PACKAGE, "t"), kind)

    def add(self, action: Action) -> Artifact:
        for artifact in action.outputs:
            self.actions[artifact] = action
        return action.outputs[0]

    def text(self, path: str, content: str, *, executable: bool = False) -> Artifact:
        return self.add(WriteFile(Label(PACKAGE, "t"), self.output(path), content.encode(), executable))

    def shell(
        self,
        command: str,
        *,
        outputs: tuple[Artifact, ...],
        inputs: tuple[Artifact, ...] = (),
        requirements: frozenset[str] = frozenset(),
        environment: Mapping[str, str] | None = None,
    ) -> Artifact:
        return self.add(
            Spawn(
                Label(PACKAGE, "t"),
                ("/bin/sh", "-c", command),
                Depset(inputs),
                outputs,
                "Shell",
                "running the shell",
                {"PATH": "/usr/bin:/bin", **(environment or {})},
                requirements,
            )
        )

    def tool(
        self,
        tool: str,
        request: Mapping[str, RequestValue],
        *,
        outputs: tuple[Artifact, ...],
        inputs: tuple[Artifact, ...] = (),
    ) -> Artifact:
        return self.add(RunTool(Label(PACKAGE, "t"), tool, request, Depset(inputs), outputs, "Tool", f"running {tool}"))

    # What a user would do and see.

    def write(self, path: str, content: str, *, executable: bool = False) -> None:
        file = self.workspace / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(0o755 if executable else 0o644)
        # A moment ago, so that its digest may be kept.
        status = file.stat()
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns - 10_000_000_000))

    @property
    def layout(self) -> Layout:
        return Layout.of(self.workspace, self.user_root)

    def path(self, artifact: Artifact) -> Path:
        return self.layout.exec_root / artifact.exec_path

    def read(self, artifact: Artifact) -> str:
        return self.path(artifact).read_text()

    def build(self, *requested: Artifact) -> ExecutionResult:
        self.children = Children()
        machinery = self.machinery()
        with machinery.workers:
            scheduler = Scheduler(machinery, jobs=self.jobs, keep_going=self.keep_going)
            return scheduler.execute(requested, self.actions.get)

    def machinery(self) -> Machinery:
        layout = self.layout
        blobs = DiskBlobStore(layout.blobs)
        trees = TreeStore(layout.trees, blobs)
        sources = SourceState(
            layout.workspace,
            repository_directory=lambda name: layout.output_base / "external" / name,
            state_file=layout.output_base / "sources",
        )
        exec_root = ExecRoot(
            layout.exec_root,
            temporary=layout.temporary,
            links=layout.links,
            runfiles=layout.runfiles,
            sources=sources,
            blobs=blobs,
            trees=trees,
        )
        return Machinery(
            exec_root=exec_root,
            state=OutputState(layout.output_base / "outputs"),
            cache=DiskActionCache(layout.actions),
            workers=WorkerPool(self.children, layout.temporary),
            children=self.children,
            events=self.events,
            isolation=lambda: self.isolation,
            platform="test",
            visible=(str(layout.user_root), str(layout.workspace)),
        )
