"""Another program in the place of this process; only the interpreter's own modules are imported for it."""

from __future__ import annotations

import errno
import os
import signal

from venvship.host.scripts import BASH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn


def become(argv: Sequence[str], environment: Mapping[str, str], directory: str) -> NoReturn:
    """Become the program `argv[0]`, started in `directory`, by bash where it is a script that names no interpreter.

    Raises OSError when the system refuses.
    """
    # Python ignores these two; a program expects to be ended by them.
    ignored = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
    try:
        os.chdir(directory)
        try:
            os.execve(argv[0], list(argv), dict(environment))
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            os.execve(BASH, [BASH, *argv], dict(environment))
    except OSError:
        for number, handler in ignored.items():
            signal.signal(number, handler)
        raise
