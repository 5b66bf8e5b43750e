"""What commands say on their standard error, as far as cases hold it against each other."""

from __future__ import annotations

import re

from differential.case import Print

_PRINTED = re.compile(r"DEBUG: (?P<at>\S+?:\d+:\d+): (?P<text>.*)")
_COMPLAINTS = ("ERROR:", "Error", "\t")


def prints(stderr: str, workspace: str) -> tuple[Print, ...]:
    """All that `print` said, sorted. Each is one line: cases say nothing longer."""
    found = (_PRINTED.fullmatch(line) for line in stderr.splitlines())
    return tuple(
        sorted(
            Print(match["at"].removeprefix(workspace + "/"), match["text"].replace(workspace, "<ws>"))
            for match in found
            if match is not None
        )
    )


def complaints(stderr: str, workspace: str) -> tuple[str, ...]:
    """Errors and what belongs to them, without news of progress."""
    return tuple(line.replace(workspace, "<ws>") for line in stderr.splitlines() if line.startswith(_COMPLAINTS))
