"""Ctrl-C: the first one asks the command to stop in order, the second one ends it at once."""

from __future__ import annotations

import os
import signal
from types import FrameType

from venvship.cli.exit_codes import ExitCode


def stop_orderly_when_interrupted() -> None:
    """From now on SIGINT and SIGTERM raise KeyboardInterrupt once; any further one ends the process."""
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:
            os._exit(ExitCode.INTERRUPTED)
        interrupted = True
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
