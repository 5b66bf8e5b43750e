"""Ctrl-C: the first one asks the command to stop in order, the second one ends it at once."""

from __future__ import annotations

import os
import signal
from types import FrameType

from venvship.cli.exit_codes import ExitCode

_SHOW_CURSOR = b"\r\033[?25h\n"
"""The live display hides the cursor, and has no time left to bring it back."""


def stop_orderly_when_interrupted() -> None:
    """From now on SIGINT and SIGTERM raise KeyboardInterrupt once; any further one ends the process."""
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:
            if os.isatty(2):
                os.write(2, _SHOW_CURSOR)
            os._exit(ExitCode.INTERRUPTED)
        interrupted = True
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
