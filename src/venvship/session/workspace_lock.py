"""The lock of a workspace, as one command takes it."""

from __future__ import annotations

from venvship.events.build_events import EventSink, Message, Severity
from venvship.execution.layout import Layout
from venvship.host.locks import FileLock, LockHeld
from venvship.session.options import SessionOptions


class WorkspaceLock:
    """The lock of a workspace, taken when it is first needed and kept until the command ends."""

    def __init__(self, layout: Layout, options: SessionOptions, events: EventSink) -> None:
        self._lock = FileLock(layout.lock)
        self._options = options
        self._events = events
        self._taken = False
        self.has_waited = False
        """Whether another command had the lock when it was asked for."""

    def take(self) -> None:
        if self._taken:
            return
        try:
            self._lock.try_acquire()
        except LockHeld as error:
            if not self._options.block_for_lock:
                raise
            self._events.emit(Message(Severity.INFO, f"{error.message}; waiting for it"))
            self.has_waited = True
            self._lock.acquire()
        self._taken = True

    def close(self) -> None:
        self._lock.release()
