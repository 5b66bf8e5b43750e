"""What a test run is asked to do and what came of it."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import field

from venvship.dataclass import dataclass
from venvship.events.build_events import TestFinished, TestLog, TestStatus
from venvship.model.action import Program
from venvship.model.artifact import OUTPUT_DIRECTORY
from venvship.model.label import Label
from venvship.model.paths import ExecPath, join

TIMEOUTS = {"short": 60.0, "moderate": 300.0, "long": 900.0, "eternal": 3600.0}
_LOGS_DIRECTORY = "testlogs"


class CachePolicy(enum.Enum):
    """`--cache_test_results`."""

    AUTO = "auto"  # a test that passed is not run again while nothing changed
    YES = "yes"  # nor is one that failed
    NO = "no"  # every test is run


@dataclass(frozen=True, slots=True)
class TestRequest:
    """One test target in one configuration.

    `environment` is what the target and `--test_env` ask for; it wins over the contract's own variables.
    `coverage` holds the paths of the sources to be measured, or None when nothing is measured.
    """

    label: Label
    configuration: str
    program: Program
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    size: str = "medium"
    timeout_seconds: float = TIMEOUTS["moderate"]
    shards: int = 1
    runs: int = 1
    attempts: int = 1
    tags: frozenset[str] = frozenset()
    test_filter: str | None = None
    fail_fast: bool = False
    run_under: tuple[str, ...] = ()
    cache: CachePolicy = CachePolicy.AUTO
    coverage: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TestPart:
    """One shard of one run; both count from 0."""

    shard: int
    run: int


@dataclass(frozen=True, slots=True)
class PartResult:
    """What came of one part, over its attempts. Paths are of the host; `outputs_zip` is empty without outputs.

    `failed_attempts` are the logs of the attempts before the last one, `attempt_seconds` the times of all.
    """

    part: TestPart
    status: TestStatus
    cached: bool
    seconds: float
    log: str
    xml: str
    outputs_zip: str = ""
    coverage: str = ""
    failed_attempts: tuple[str, ...] = ()
    attempt_seconds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of a test, over all of its parts."""

    label: Label
    status: TestStatus
    cached: bool
    seconds: float
    parts: tuple[PartResult, ...]

    @property
    def log(self) -> str:
        """The log that tells most: of the first part that did not pass, else of the first."""
        worst = [part for part in self.parts if part.status is not TestStatus.PASSED]
        return (worst or list(self.parts))[0].log if self.parts else ""

    def finished(self, request: TestRequest) -> TestFinished:
        """The same for those who only tell of it."""
        logs = tuple(log for part in self.parts for log in _logs(request, part))
        return TestFinished(self.label, self.status, self.cached, self.seconds, self.log, logs)


def may_be_kept(request: TestRequest) -> bool:
    """Whether what came of a test that passed may stand for the next run of it."""
    return request.runs <= 1 and not request.tags & {"external", "no-cache"}


def is_kept(request: TestRequest) -> bool:
    """Whether a test that passed is not run again while nothing changes."""
    return request.cache is not CachePolicy.NO and may_be_kept(request)


def part_name(request: TestRequest, part: TestPart) -> str:
    """Which part of a test it is, as `shard 1 of 3, run 2 of 5`; empty for the only one."""
    names: list[str] = []
    if request.shards > 1:
        names.append(f"shard {part.shard + 1} of {request.shards}")
    if request.runs > 1:
        names.append(f"run {part.run + 1} of {request.runs}")
    return ", ".join(names)


def _logs(request: TestRequest, result: PartResult) -> Iterator[TestLog]:
    paths = (*result.failed_attempts, result.log)
    times = result.attempt_seconds or (result.seconds,)
    passed = result.status in (TestStatus.PASSED, TestStatus.FLAKY)
    for number, (path, seconds) in enumerate(zip(paths, times, strict=True), 1):
        names = [part_name(request, result.part), f"attempt {number}" if len(paths) > 1 else ""]
        yield TestLog(path, ", ".join(filter(None, names)), passed and number == len(paths), seconds)


_BY_WEIGHT = (TestStatus.NO_STATUS, TestStatus.FAILED, TestStatus.TIMEOUT, TestStatus.FLAKY)


def joined(request: TestRequest, parts: tuple[PartResult, ...]) -> TestResult:
    """The result of a test whose parts are all done. A test that passes in some runs only is flaky."""
    statuses = {part.status for part in parts}
    status = next((status for status in _BY_WEIGHT if status in statuses), TestStatus.PASSED)
    return TestResult(
        request.label,
        status,
        all(part.cached for part in parts),
        max((part.seconds for part in parts), default=0.0),
        parts,
    )


def test_log_directory(request: TestRequest, part: TestPart | None = None) -> ExecPath:
    """Where the files of a test, or of one part of it, are shown."""
    label = request.label
    repository = join("external", label.repository) if label.repository else ""
    base = join(OUTPUT_DIRECTORY, request.configuration, _LOGS_DIRECTORY, repository, label.package.path, label.name)
    names: list[str] = []
    if part is not None and request.shards > 1:
        names.append(f"shard_{part.shard + 1}_of_{request.shards}")
    if part is not None and request.runs > 1:
        names.append(f"run_{part.run + 1}_of_{request.runs}")
    return ExecPath(join(base, "_".join(names)))
