"""The files of a repository that is being made, as patches see them."""

from __future__ import annotations

import os
from pathlib import Path

from venvship.errors import UserError


class OutsideRepository(UserError):
    """Something would be read or written outside of the repository that is being made."""

    def __init__(self, path: str) -> None:
        super().__init__(f"`{path}` is outside of the repository")


class DiskTree:
    """`PatchedFiles` below a directory; nothing outside of it is touched, whatever links say."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)

    def read(self, path: str) -> bytes | None:
        full = self.place(path)
        return Path(full).read_bytes() if os.path.isfile(full) else None

    def write(self, path: str, content: bytes, *, executable: bool | None) -> None:
        full = self.place(path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if executable is None:
            executable = os.path.exists(full) and os.access(full, os.X_OK)
        # The file may be a hard link of something that is shared.
        if os.path.lexists(full):
            os.unlink(full)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(full, flags, 0o755 if executable else 0o644), "wb") as file:
            file.write(content)

    def remove(self, path: str) -> None:
        os.unlink(self.place(path))

    def place(self, path: str) -> str:
        """The host path of a path below the root; raises OutsideRepository."""
        full = os.path.normpath(os.path.join(self._root, path))
        parent = os.path.realpath(os.path.dirname(full))
        if full != self._root and parent != self._root and not parent.startswith(f"{self._root}/"):
            raise OutsideRepository(path)
        return full if full == self._root else os.path.join(parent, os.path.basename(full))
