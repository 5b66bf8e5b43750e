"""Scripts without a line that names their interpreter: the system does not start them, a shell does.

Bazel starts actions by way of `execvp`, which takes `sh` for them, and tests and what it runs by way of bash.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

SH: Final = "/bin/sh"
BASH: Final = "/bin/bash"
_HEAD: Final = 128
"""As many bytes as shells look at to tell text from programs."""


def starting(argv: Sequence[str], path: str) -> list[str]:
    """The words that start the program `argv[0]`, which lies at `path`: bash comes first where it takes a shell."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return list(argv)
    return list(argv) if head.startswith(b"#!") or b"\0" in head else [BASH, *argv]
