"""What a test run is asked to do and what came of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from venvship.events.build_events import TestStatus
from venvship.model.action import Program
from venvship.model.label import Label

TIMEOUTS = {"short": 60.0, "moderate": 300.0, "long": 900.0, "eternal": 3600.0}
SIZES = {"small": "short", "medium": "moderate", "large": "long", "enormous": "eternal"}


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
    """What came of one part, over its attempts. Paths are of the host; `outputs_zip` is empty without outputs."""

    part: TestPart
    status: TestStatus
    cached: bool
    seconds: float
    log: str
    xml: str
    outputs_zip: str = ""
    coverage: str = ""
    failed_attempts: tuple[str, ...] = ()


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
