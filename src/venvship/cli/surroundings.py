"""What a command is given by the process it runs in, and the session it talks to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeAlias

from venvship.cli.fast_path import StampPlace
from venvship.cli.replacement import become
from venvship.dataclass import dataclass
from venvship.events.build_events import EventSink
from venvship.session.opened_paths import OpenedPath, OpenedPaths
from venvship.session.options import SessionOptions, TestOptions
from venvship.ui.display import TextOutput

if TYPE_CHECKING:
    # A command that goes on from the last one needs none of these.
    from venvship.model.label import Label
    from venvship.query.packages import Packages
    from venvship.session.build_record import BuildRecord
    from venvship.session.changed_inputs import LookAgain
    from venvship.session.kept_forests import Forest
    from venvship.session.loading_record import LoadingRecord
    from venvship.session.lock_making import CompiledLock, MadeLock
    from venvship.session.outcomes import BuildOutcome, ImageSummary, RunPlan, SyncOutcome, TestOutcome
    from venvship.session.stamp import Stamp


class Session(Protocol):
    """An open workspace, as commands use it."""

    @property
    def root(self) -> Path: ...

    @property
    def has_waited(self) -> bool: ...

    @property
    def loader(self) -> Packages: ...

    @property
    def main_mapping(self) -> Mapping[str, str]: ...

    def build(self, labels: Sequence[Label], *, nobuild: bool = False) -> BuildOutcome: ...

    def build_to_run(self, label: Label) -> BuildOutcome: ...

    def test(self, labels: Sequence[Label], options: TestOptions) -> TestOutcome: ...

    def stamp(
        self,
        opened: Mapping[str, OpenedPath],
        *,
        started: int,
        variables: Iterable[str] = (),
        left: Iterable[str] = (),
    ) -> Stamp | None: ...

    def forests(self) -> Sequence[Forest]: ...

    def record(self, requested: Sequence[Label], *, wildcards: bool | None) -> BuildRecord | None: ...

    def concerned(self, loading: LoadingRecord, again: LookAgain) -> tuple[list[str], set[int]]: ...

    def prepare_run(self, label: Label) -> RunPlan: ...

    def info(self) -> Mapping[str, str]: ...

    def locks(self) -> Sequence[Path]: ...

    def compiled_locks(self) -> Sequence[CompiledLock]: ...

    def lock_environment(self, environment: Mapping[str, str]) -> Mapping[str, str]: ...

    def debian_locks(self, *, check: bool, upgrade: bool, only: Callable[[Path], bool]) -> Sequence[MadeLock]: ...

    def images(self, label: Label) -> Sequence[ImageSummary]: ...

    def sync(self, labels: Sequence[Label], *, check: bool) -> SyncOutcome: ...


OpenSession: TypeAlias = Callable[[Path, SessionOptions, EventSink], AbstractContextManager["Session"]]
ReplaceProcess: TypeAlias = "Callable[[RunPlan], int]"
"""Becomes the program of a plan; a stand-in may return an exit code instead."""


@dataclass(frozen=True, slots=True)
class StampWanted:
    """Where a command may leave a stamp, and what it has opened since it began."""

    place: StampPlace
    opened: OpenedPaths


@dataclass(frozen=True, slots=True)
class Surroundings:
    cwd: Path
    stdout: TextOutput
    stderr: TextOutput
    environment: Mapping[str, str]
    open_session: OpenSession
    replace_process: ReplaceProcess
    stamp: StampWanted | None = None


def open_workspace_session(start: Path, options: SessionOptions, events: EventSink) -> AbstractContextManager[Session]:
    from venvship.session.commands import open_session

    return open_session(start, options, events)


def execute(plan: RunPlan) -> NoReturn:
    """Become the program; raises OSError when the system refuses."""
    become(plan.argv, {**os.environ, **plan.environment}, str(plan.working_directory))
