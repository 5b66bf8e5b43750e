"""Where virtualenvs lie that are no outputs and lead into the store: those that `sync` writes into workspaces.

What removes unused trees asks here for them. Each is a link beside the stores, named after its place.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from venvship.host.files import disk_problems

_DIRECTORY: Final = "venvs"


def note_venv(user_root: Path, venv: Path) -> None:
    """Keep the trees that the links of `venv` lead to, as long as it is there."""
    name = hashlib.sha256(os.fsencode(venv)).hexdigest()[:32]
    known = user_root / _DIRECTORY
    with disk_problems(known), contextlib.suppress(FileExistsError):
        known.mkdir(parents=True, exist_ok=True)
        (known / name).symlink_to(venv)


def known_venvs(user_root: Path) -> Iterator[Path]:
    """All that are still there; the others are forgotten."""
    directory = user_root / _DIRECTORY
    for link in sorted(directory.iterdir()) if directory.is_dir() else ():
        if link.is_dir():
            yield Path(os.readlink(link))
        else:
            link.unlink(missing_ok=True)
