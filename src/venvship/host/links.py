"""Symbolic links: made with a text that the plan knows, read only to compare with it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from venvship.host.files import remove, temporary_name

_MOST_KNOWN = 10_000


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


class KnownLinks:
    """Links that were made before and lend their inode to others with the same text, as second names of them.

    Virtual environments of many programs hold the same links. A link takes an inode, a long text a block besides, and
    where many files were removed a short while ago a file system looks long for a free inode.
    """

    def __init__(self) -> None:
        self._paths: dict[str, str] = {}

    def make(self, text: str, path: str) -> None:
        """Make `path`, where nothing is, a link with `text`."""
        known = self._paths.get(text)
        if known is not None:
            # Whatever became of it meanwhile, and whatever the file system says of one more name.
            with contextlib.suppress(OSError):
                os.link(known, path, follow_symlinks=False)
                if link_text(path) == text:
                    return
                os.unlink(path)
            self._paths.pop(text, None)
        os.symlink(text, path)

    def note(self, directory: str, links: Iterable[tuple[str, str | None]]) -> None:
        """Know the links in a directory that has come to its place; what has no text is none."""
        paths = self._paths
        if len(paths) > _MOST_KNOWN:
            paths.clear()
        for path, text in links:
            if text is not None and text not in paths:
                paths[text] = f"{directory}/{path}"
