"""Archives that lie in repositories of git, by the commit that has them."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, unquote

from venvship.dataclass import dataclass
from venvship.host.processes import Children
from venvship.repos.git import LargeFiles, check_out

_ADDRESS: Final = re.compile(r"git\+(.+)@([0-9a-f]{40,64})#path=([^&]+)(&lfs=true)?", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class CommittedFile:
    """One file; written as an address it can stand where files of servers do."""

    remote: str
    commit: str
    path: str
    large_files: bool = False

    def __str__(self) -> str:
        kept = "&lfs=true" if self.large_files else ""
        return f"git+{self.remote}@{self.commit}#path={quote(self.path)}{kept}"

    @classmethod
    def parse(cls, location: str) -> Self | None:
        """Read what `__str__` writes; None for other addresses and paths."""
        match = _ADDRESS.fullmatch(location)
        return None if match is None else cls(match[1], match[2], unquote(match[3]), match[4] is not None)

    @contextlib.contextmanager
    def checked_out(self, scratch: Path, *, children: Children) -> Iterator[Path]:
        """The path where the file is for as long as the block lasts, in a directory below `scratch`."""
        with tempfile.TemporaryDirectory(dir=scratch, prefix="commit-") as directory:
            kept = LargeFiles.FILLED_IN if self.large_files else LargeFiles.LEFT
            check_out(self.remote, self.commit, Path(directory), children=children, large_files=kept)
            yield Path(directory, self.path)
