"""What happens during a command, as values."""

from __future__ import annotations

import enum
from typing import Protocol, TypeAlias

from venvship.dataclass import dataclass
from venvship.model.label import Label


class Severity(enum.Enum):
    DEBUG = "DEBUG"  # what `print` in a .bzl file says
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Message:
    """A line (or several) for the user.

    One that is not `repeated` is left out by commands that go on from where an earlier one has ended.
    """

    severity: Severity
    text: str
    repeated: bool = True


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """`loading`, `analysis`, `fetching` or `execution` begins; `total` counts its steps when that is known."""

    phase: str
    total: int | None = None


@dataclass(frozen=True, slots=True)
class PhaseProgress:
    """`done` of `total` steps of the current phase are made; `detail` names the newest."""

    done: int
    total: int | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TransferStarted:
    """A download or upload begins; `size_bytes` is None when the other side does not tell."""

    name: str
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class TransferProgress:
    name: str
    done_bytes: int


@dataclass(frozen=True, slots=True)
class TransferFinished:
    name: str
    done_bytes: int


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """A download or upload that began is given up; why is told where it is missed."""

    name: str


class ActionSource(enum.Enum):
    """Where the outputs of an action came from."""

    RUN = "run"
    CACHE = "cache"
    UP_TO_DATE = "up to date"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class ActionStarted:
    mnemonic: str
    description: str


@dataclass(frozen=True, slots=True)
class ActionFinished:
    """`seconds` is wall time; `output` is what the program wrote to stdout and stderr."""

    mnemonic: str
    description: str
    source: ActionSource
    seconds: float
    output: str = ""


class TestStatus(enum.Enum):
    PASSED = "PASSED"
    FLAKY = "FLAKY"
    FAILED = "FAILED"
    TIMEOUT = "TIMEOUT"
    NO_STATUS = "NO STATUS"
    FAILED_TO_BUILD = "FAILED TO BUILD"


@dataclass(frozen=True, slots=True)
class TestPrinted:
    """A test that is followed has written `text`; `name` says which shard, run and attempt of it did."""

    label: Label
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class TestLog:
    """What one attempt of one shard of one run wrote, in the file `path` of the host.

    `name` says which one it is, as `shard 1 of 3, attempt 2`; it is empty where there is no other.
    """

    path: str
    name: str
    passed: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class TestFinished:
    """One test target is done, over all of its shards and runs.

    `log` is a host path: that of the log that tells most. `logs` are those of all attempts, in their order.
    """

    label: Label
    status: TestStatus
    cached: bool
    seconds: float
    log: str
    logs: tuple[TestLog, ...] = ()


Event: TypeAlias = (
    Message
    | PhaseStarted
    | PhaseProgress
    | TransferStarted
    | TransferProgress
    | TransferFinished
    | TransferFailed
    | ActionStarted
    | ActionFinished
    | TestPrinted
    | TestFinished
)


class EventSink(Protocol):
    """Takes events; called from several threads, must not block for long."""

    def emit(self, event: Event) -> None: ...
