"""What the command line asks of a workspace."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from venvship.events.build_events import EventSink, Message, Severity
from venvship.execution.layout import Layout, default_user_root
from venvship.host.locks import FileLock, LockHeld
from venvship.loading.disk_files import DiskFiles
from venvship.loading.workspace import NotInWorkspace, find_workspace
from venvship.model.label import Label
from venvship.session.image_summary import image_summary
from venvship.session.options import SessionOptions, TestOptions
from venvship.session.outcomes import ImageSummary, TestOutcome
from venvship.session.testing import run_test_targets
from venvship.session.workspace_session import Session


class CommandSession(Session):
    """A session with everything that commands do."""

    def test(self, labels: Sequence[Label], options: TestOptions) -> TestOutcome:
        """Build and run tests; targets that are no tests are only built."""
        return run_test_targets(self, labels, options, client_environment=os.environ)

    def image(self, label: Label) -> ImageSummary:
        """Build an image and describe it."""
        return image_summary(self, label)


@contextlib.contextmanager
def open_session(start: Path, options: SessionOptions, events: EventSink) -> Iterator[CommandSession]:
    """Open the workspace that holds `start`; other commands in it wait. Raises NotInWorkspace and LockHeld."""
    root = find_workspace(str(start), DiskFiles())
    if root is None:
        raise NotInWorkspace(str(start))
    user_root = options.output_user_root or default_user_root(os.environ)
    layout = Layout.of(Path(root), user_root)
    lock = FileLock(layout.lock)
    try:
        lock.try_acquire()
    except LockHeld as error:
        if not options.block_for_lock:
            raise
        events.emit(Message(Severity.INFO, f"{error.message}; waiting for it"))
        lock.acquire()
    with lock, contextlib.closing(CommandSession(Path(root), layout, options, events)) as session:
        yield session
