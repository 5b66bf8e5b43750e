"""What commands ask a session for, as it comes back: enough to print, nothing to compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError, VenvshipError
from venvship.events.build_events import TestFinished
from venvship.host.owned_tree import Changes
from venvship.model.label import Label


@dataclass(frozen=True, slots=True)
class Places:
    """Where outputs are: `outputs` relative to the workspace, through the convenience links; `paths` really."""

    outputs: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class BuiltTarget:
    """A target that is up to date. `places` answers where its outputs are, which nobody asks of many."""

    label: Label
    places: Callable[[], Places] = Places


@dataclass(frozen=True, slots=True)
class SkippedTarget:
    """A target that a wildcard matched and that can't be built here, such as an incompatible one."""

    label: Label
    reason: str


@dataclass(frozen=True, slots=True)
class BuildOutcome:
    """What a build made and what it did not; `up_to_date` counts actions that nobody had to look at.

    `failed` are the requested targets that could not be built; without --keep_going some targets may be neither
    built nor failed.
    """

    targets: tuple[BuiltTarget, ...] = ()
    failed: tuple[Label, ...] = ()
    skipped: tuple[SkippedTarget, ...] = ()
    failures: tuple[VenvshipError, ...] = ()
    actions_run: int = 0
    actions_cached: int = 0
    up_to_date: int = 0


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """One result for each test target, in the order of their labels; `build` tells of everything below them.

    Tests that could not be built are results with FAILED_TO_BUILD, and tests that never ran with NO_STATUS.
    `failures` are problems of running tests that are nobody's test result.
    """

    build: BuildOutcome
    results: tuple[TestFinished, ...] = ()
    failures: tuple[VenvshipError, ...] = ()
    coverage_report: Path | None = None


class NotExecutable(UserError):
    """`run` was asked to start a target that is no program."""

    def __init__(self, label: Label, kind: str, place: Place | None) -> None:
        super().__init__(
            f"`{label}` can't be run: it is no program ({kind})", place=place, hint="name a py_binary or a test"
        )


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How to start a program that was built: `argv` begins with its absolute path and ends with its own `args`.

    `environment` is set beside the variables that the command has itself.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: Path


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """One layer; `name` is its group or whose archive it is, `entries` counts files, links and directories.

    Of archives and bases that others made, only the bytes are known.
    """

    name: str
    media_type: str
    compressed_bytes: int
    uncompressed_bytes: int | None
    digest: str
    entries: int | None


@dataclass(frozen=True, slots=True)
class ImageSummary:
    """An image for one platform, and the OCI layout that holds it.

    `settings` are what else its configuration says of the container, and its annotations, as names and values.
    """

    digest: str
    layers: tuple[ImageLayer, ...]
    entrypoint: tuple[str, ...]
    environment: Mapping[str, str]
    user: str
    layout: Path
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """The venv at the root, what of it changed or would have to, and what does not fit into one venv.

    `left` are the absolute paths of its files and links.
    """

    path: Path
    changes: Changes
    warnings: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
