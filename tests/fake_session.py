"""A session that loads real packages and pretends to build them, and the command line on top of it."""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from query_workspace import MAPPING, QUERY_RULES

from venvship.cli.main import main
from venvship.errors import VenvshipError
from venvship.events.build_events import Event, EventSink, TestFinished, TestStatus
from venvship.host.owned_tree import Changes
from venvship.loading.disk_files import DiskFiles
from venvship.loading.package_loader import PackageLoader
from venvship.loading.repositories import KnownRepositories, Repository
from venvship.loading.targets import RuleTarget
from venvship.loading.workspace import NotInWorkspace, find_workspace
from venvship.memo.computation import Memo
from venvship.model.label import Label
from venvship.session.changed_inputs import LookAgain
from venvship.session.kept_forests import Forest
from venvship.session.loading_record import LoadingRecord
from venvship.session.lock_making import CompiledLock, MadeLock
from venvship.session.opened_paths import OpenedPath
from venvship.session.options import SessionOptions, TestOptions
from venvship.session.outcomes import (
    BuildOutcome,
    BuiltTarget,
    ImageLayer,
    ImageSummary,
    Places,
    RunPlan,
    SyncOutcome,
    TestOutcome,
)


@dataclass
class Plan:
    """How a build goes: what happens in it, what fails, what is raised; otherwise all is well."""

    happenings: tuple[Event, ...] = ()
    failures: tuple[VenvshipError, ...] = ()
    raised: BaseException | None = None
    printed: tuple[Event, ...] = ()
    results: Mapping[str, TestFinished] = field(default_factory=dict)


@dataclass
class FakeSession:
    root: Path
    events: EventSink
    loader: PackageLoader
    plan: Plan
    test_options: list[TestOptions]
    main_mapping: Mapping[str, str] = field(default_factory=lambda: MAPPING)

    def build(self, labels: Sequence[Label], *, nobuild: bool = False) -> BuildOutcome:
        for event in self.plan.happenings:
            self.events.emit(event)
        if self.plan.raised is not None:
            raise self.plan.raised
        if self.plan.failures:
            return BuildOutcome(failed=tuple(labels), failures=self.plan.failures, actions_run=1)
        targets = tuple(BuiltTarget(label, functools.partial(Places, _outputs(label))) for label in labels)
        return BuildOutcome(targets, actions_run=len(labels), actions_cached=1, up_to_date=2)

    def test(self, labels: Sequence[Label], options: TestOptions) -> TestOutcome:
        self.test_options.append(options)
        for event in self.plan.printed:
            self.events.emit(event)
        results = []
        for label in labels:
            target = self.loader.target(label)
            if isinstance(target, RuleTarget) and target.rule_class.is_test:
                result = self.plan.results.get(str(label), TestFinished(label, TestStatus.PASSED, False, 0.12, ""))
                self.events.emit(result)
                results.append(result)
        return TestOutcome(self.build(labels), tuple(results))

    def stamp(
        self,
        opened: Mapping[str, OpenedPath],
        *,
        started: int,
        variables: Iterable[str] = (),
        left: Iterable[str] = (),
    ) -> None:
        return None

    def forests(self) -> list[Forest]:
        return []

    def record(self, requested: Sequence[Label], *, wildcards: bool | None) -> None:
        return None

    @property
    def has_waited(self) -> bool:
        return False

    def concerned(self, loading: LoadingRecord, again: LookAgain) -> tuple[list[str], set[int]]:
        return [], set()

    def build_to_run(self, label: Label) -> BuildOutcome:
        return self.build([label])

    def prepare_run(self, label: Label) -> RunPlan:
        program = str(self.root / "venvship-bin" / label.package.path / label.name)
        return RunPlan((program, "--own"), {"BUILD_WORKSPACE_DIRECTORY": str(self.root)}, self.root)

    def locks(self) -> Sequence[Path]:
        return [self.root / "uv.lock"]

    def compiled_locks(self) -> Sequence[CompiledLock]:
        return []

    def lock_environment(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        return environment

    def debian_locks(self, *, check: bool, upgrade: bool, only: Callable[[Path], bool]) -> Sequence[MadeLock]:
        made = MadeLock("debian.lock.json", changed=upgrade, notes=("libc6 1 -> 2",) if upgrade else ())
        return [made] if only(self.root / made.shown) else []

    def info(self) -> Mapping[str, str]:
        return {"workspace": str(self.root), "output_base": "/base", "venvship-bin": "/base/bin"}

    def sync(self, labels: Sequence[Label], *, check: bool) -> SyncOutcome:
        changes = Changes(different=("pyvenv.cfg",), superfluous=tuple(f"bin/{label.name}" for label in labels))
        return SyncOutcome(self.root / ".venv", changes, ("two of a kind",))

    def images(self, label: Label) -> Sequence[ImageSummary]:
        layer = ImageLayer("wheels", "application/vnd.oci.image.layer.v1.tar+gzip", 1_500, 308_000_000, "sha256:ab", 12)
        return [ImageSummary("sha256:cd", (layer,), ("/app", "x"), {"PATH": "/bin"}, "65532", Path("/layout"))]


def _outputs(label: Label) -> tuple[str, ...]:
    return () if label.name.startswith("lib") else (f"venvship-bin/{label.package.path}/{label.name}",)


@dataclass
class Finished:
    code: int
    stdout: str
    stderr: str


class Terminal(io.StringIO):
    """Text that is taken for a terminal's."""

    def isatty(self) -> bool:
        return True


class CommandLine:
    """A workspace on the disk, and commands that run in it."""

    def __init__(self, root: Path, files: Mapping[str, str]) -> None:
        self.root = root
        self.environment: dict[str, str] = {"HOME": str(root.parent / "home"), "PATH": "/usr/bin:/bin"}
        self.options: list[SessionOptions] = []
        self.test_options: list[TestOptions] = []
        self.started: list[RunPlan] = []
        self.plan = Plan()
        self.closed = 0
        for path, text in {"MODULE.bazel": "", "tools/BUILD.bazel": 'py_library(name = "runtime")', **files}.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    @contextlib.contextmanager
    def open_session(self, start: Path, options: SessionOptions, events: EventSink) -> Iterator[FakeSession]:
        self.options.append(options)
        root = find_workspace(str(start), DiskFiles())
        if root is None:
            raise NotInWorkspace(str(start))
        loader = PackageLoader(
            repositories=KnownRepositories([Repository("", MAPPING, root=root)]),
            files=DiskFiles(),
            memo=Memo(),
            rule_classes=QUERY_RULES,
        )
        try:
            yield FakeSession(Path(root), events, loader, self.plan, self.test_options)
        finally:
            self.closed += 1

    def __call__(self, *argv: str, cwd: Path | str = "", terminal: bool = False) -> Finished:
        stdout, stderr = io.StringIO(), Terminal() if terminal else io.StringIO()

        def replace_process(plan: RunPlan) -> int:
            self.started.append(plan)
            return 7

        code = main(
            argv,
            cwd=self.root / cwd,
            stdout=stdout,
            stderr=stderr,
            environment=self.environment,
            open_session=self.open_session,
            replace_process=replace_process,
        )
        return Finished(code, stdout.getvalue(), stderr.getvalue())
