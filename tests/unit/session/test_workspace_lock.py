from __future__ import annotations

from pathlib import Path

import pytest

from venvship.events.build_events import Event, Message
from venvship.execution.layout import Layout
from venvship.host.locks import FileLock, LockHeld
from venvship.session.options import SessionOptions
from venvship.session.workspace_lock import WorkspaceLock


class Elsewhere:
    """Another command, which ends as soon as somebody says that he waits for it."""

    def __init__(self, layout: Layout) -> None:
        self._lock = FileLock(layout.lock)
        self._lock.acquire()
        self.told: list[str] = []

    def emit(self, event: Event) -> None:
        assert isinstance(event, Message)
        self.told.append(event.text)
        self._lock.release()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.of(tmp_path / "ws", tmp_path / "root")


def test_a_command_says_that_it_waits_and_has_the_lock_then(layout: Layout) -> None:
    elsewhere = Elsewhere(layout)
    lock = WorkspaceLock(layout, SessionOptions(), elsewhere)
    lock.take()
    assert lock.has_waited
    [told] = elsewhere.told
    assert "is running in this workspace; waiting for it" in told
    with pytest.raises(LockHeld):
        FileLock(layout.lock).try_acquire()
    lock.take()
    lock.close()
    FileLock(layout.lock).try_acquire()


def test_a_command_that_shall_not_wait_is_refused(layout: Layout) -> None:
    elsewhere = Elsewhere(layout)
    with pytest.raises(LockHeld, match="leave out `--noblock_for_lock`"):
        WorkspaceLock(layout, SessionOptions(block_for_lock=False), elsewhere).take()
    assert elsewhere.told == []
