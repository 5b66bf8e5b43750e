"""Symbolic links: made with a text that the plan knows, read only to compare with it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from venvship.host.files import remove, temporary_name


def link_text(path: str | Path) -> str | None:
    """The text of the link at `path`; None when something else or nothing is there."""
    try:
        return os.readlink(path)
    except OSError:
        return None


def symlink(path: str | Path, text: str) -> None:
    """Make `path` a link with `text`, replacing in one step whatever file or link is there; directories too."""
    try:
        os.symlink(text, path)
        return
    except FileExistsError:
        if link_text(path) == text:
            return
    temporary = temporary_name(os.path.dirname(path))
    os.symlink(text, temporary)
    try:
        try:
            os.replace(temporary, path)
        except IsADirectoryError:
            remove(path)
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
