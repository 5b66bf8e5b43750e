"""Source files: where they are and what they hold, hashed once per change.

The digest of a file is kept with its size, times and inode, and trusted while these stay. A file that was changed
in the moments before it was hashed may be changed again without its times showing it ("racily clean" in git's
words); such a digest serves the running command and is not kept.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

from venvship.archives.tree import Tree
from venvship.blobs.disk import digest_of_file
from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem, UserError
from venvship.execution.outputs import Output, OutputFile, OutputTree
from venvship.execution.trees import scan_tree
from venvship.host.files import write_atomically
from venvship.host.marshalled import packed, read_own, unpacked
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.digest import Digest

_MAGIC = b"venvship-sources 1\n"
_RACY_NANOSECONDS = 2_000_000_000  # the coarsest time stamps of file systems in use
_ATTEMPTS = 5

_Signature = tuple[int, int, int, int]
_Row = tuple[int, int, int, int, str]


class MissingSource(UserError):
    """A source file that an action reads is not there."""

    def __init__(self, artifact: Artifact) -> None:
        super().__init__(
            f"missing input file `{artifact.exec_path}`, which is the target `{artifact.owner}`",
            hint="create the file, or take it out of the target that names it",
        )
        self.artifact = artifact


class UnreadableSource(EnvironmentProblem):
    """A source file is there and can't be read."""

    def __init__(self, artifact: Artifact, reason: str) -> None:
        super().__init__(f"can't read `{artifact.exec_path}`: {reason}")
        self.artifact = artifact


class UnsteadySource(EnvironmentProblem):
    """A file changes while it is read."""

    def __init__(self, path: str) -> None:
        super().__init__(f"`{path}` keeps changing while it is read", hint="run the command again when it is written")


@dataclass(frozen=True, slots=True)
class LazySource:
    """A source whose content is known before it is here, as a locked wheel is; `fetch` obtains it, once asked."""

    output: OutputFile
    fetch: Callable[[], Path]


class SourceState:
    """What the source artifacts of one command hold; safe to use from several threads.

    `repository_directory` says where a repository other than the main one lies. `lazy` knows the artifacts that are
    obtained only when an action reads them.
    """

    def __init__(
        self,
        workspace: Path,
        *,
        repository_directory: Callable[[str], Path],
        lazy: Callable[[Artifact], LazySource | None] = lambda _: None,
        state_file: Path | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._workspace = str(workspace)
        self._repository_directory = repository_directory
        self._lazy = lazy
        self._state_file = state_file
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[Artifact, Output] = {}
        # A signature and the SHA-256 of what had it: of most files nobody asks.
        self._rows: dict[str, _Row] = {} if state_file is None else _read(state_file)
        self._dirty = False

    def path_of(self, artifact: Artifact) -> str:
        """Where the source is on this machine; a lazy one is obtained first."""
        lazy = self._lazily(artifact)
        return str(lazy.fetch()) if lazy is not None else self._place(artifact)

    def is_lazy(self, artifact: Artifact) -> bool:
        """Whether the source may not be here yet."""
        return self._lazily(artifact) is not None

    def output_of(self, artifact: Artifact) -> Output:
        """What the source holds; raises MissingSource. Within one command the answer never changes."""
        known = self._known.get(artifact)
        if known is None:
            lazy = self._lazily(artifact)
            known = lazy.output if lazy is not None else self._look(artifact)
            known = self._known.setdefault(artifact, known)
        return known

    def tree_of(self, artifact: Artifact) -> Tree:
        """What a source directory holds; raises MissingSource."""
        try:
            return scan_tree(self.path_of(artifact), self._digest)
        except (FileNotFoundError, NotADirectoryError):
            raise MissingSource(artifact) from None

    def knows(self, path: str, signature: tuple[int, int, int, int], digest: Digest) -> bool:
        """Whether a file has this digest while it has this size, times of modification and status, and inode.

        Not of files that changed only moments before they were hashed.
        """
        return self._rows.get(path) == (*signature, digest.sha256)

    def save(self) -> None:
        """Keep the digests for the next command."""
        if self._state_file is None or not self._dirty:
            return
        with self._lock:
            data = packed(_MAGIC, self._rows)
            self._dirty = False
        self._state_file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._state_file, data)

    def _lazily(self, artifact: Artifact) -> LazySource | None:
        # Nothing of the workspace itself has to be obtained.
        return self._lazy(artifact) if artifact.root.repository else None

    def _place(self, artifact: Artifact) -> str:
        repository = artifact.root.repository
        root = str(self._repository_directory(repository)) if repository else self._workspace
        return f"{root}/{artifact.path}" if artifact.path else root

    def _look(self, artifact: Artifact) -> Output:
        path = self._place(artifact)
        try:
            status = os.stat(path)
            if stat.S_ISDIR(status.st_mode):
                return OutputTree(scan_tree(path, self._digest).digest)
            if artifact.kind is ArtifactKind.DIRECTORY:
                raise MissingSource(artifact)
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableSource(artifact, "it is neither a file nor a directory")
            return OutputFile(self._digest(path, status), bool(status.st_mode & 0o111))
        except (FileNotFoundError, NotADirectoryError):
            raise MissingSource(artifact) from None
        except OSError as error:
            raise UnreadableSource(artifact, os.strerror(error.errno or 0)) from error

    def _digest(self, path: str, status: os.stat_result) -> Digest:
        for _ in range(_ATTEMPTS):
            signature = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            kept = self._rows.get(path)
            if kept is not None and kept[:4] == signature:
                return Digest(kept[4], kept[0])
            begun = self._clock()
            digest = digest_of_file(path)
            status = os.stat(path)
            after = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            if after != signature:
                continue
            if max(status.st_mtime_ns, status.st_ctime_ns) < begun - _RACY_NANOSECONDS:
                with self._lock:
                    self._rows[path] = (*signature, digest.sha256)
                    self._dirty = True
            return digest
        raise UnsteadySource(path)


def _read(file: Path) -> dict[str, _Row]:
    data = read_own(str(file))
    rows = None if data is None else unpacked(_MAGIC, data)
    # Without what was known everything is hashed.
    return rows if isinstance(rows, dict) else {}
