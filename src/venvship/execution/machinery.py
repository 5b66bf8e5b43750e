"""What executing takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from venvship.dataclass import dataclass
from venvship.events.build_events import EventSink
from venvship.execution.action_cache import ActionCache
from venvship.execution.exec_root import ExecRoot
from venvship.execution.output_state import ActionRecords
from venvship.execution.workers import WorkerPool
from venvship.host.processes import Children
from venvship.host.sandbox import Isolation


@dataclass(frozen=True, slots=True)
class Machinery:
    """The parts, made by `session` or by a test.

    `platform` is what keys of actions say of this machine. `visible` are directories that a confined program sees
    though they lie below `/tmp`: state and workspace. `network` says whether programs see the network whose
    requirements say nothing of it. `isolation` is asked when a program is to be confined: to find out what this machine
    allows takes the start of one. `made_ahead` are the keys of actions whose tools this command has run already.
    """

    exec_root: ExecRoot
    state: ActionRecords
    cache: ActionCache
    workers: WorkerPool
    children: Children
    events: EventSink
    isolation: Callable[[], Isolation]
    platform: str
    visible: tuple[str, ...] = ()
    network: bool = False
    made_ahead: set[str] = field(default_factory=set)
