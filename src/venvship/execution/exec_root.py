"""The output tree of a workspace, and where every artifact lies on this machine.

An output appears by one rename or link. Files are hard links of blobs, directories are links into the tree store,
links are links; nothing is copied. Whatever else stands in the way of an output is removed, and nothing is ever
written through a link.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
import time
from pathlib import Path

from venvship.archives.tree import TreeDirectory
from venvship.blobs.disk import DiskBlobStore
from venvship.execution.outputs import Output, OutputFile, OutputLink, OutputTree
from venvship.execution.source_state import SourceState
from venvship.execution.trees import TreeStore
from venvship.host.files import disk_problems, remove, remove_stale, replace, temporary_name
from venvship.host.links import KnownLinks, link_text
from venvship.model.action import Program
from venvship.model.artifact import Artifact
from venvship.model.paths import ExecPath, TreePath

_DAY = 86_400.0
# Of a hash, enough for no two programs of a workspace to meet; of a name, what a file system takes in any script.
_PLACE_DIGITS = 12
_PLACE_CHARACTERS = 50


class ExecRoot:
    """Puts outputs in their places; one per command, used from several threads.

    What is not whole yet waits in the directory `temporary`, which is on the same file system.
    `layout_lock` is held while a runfiles tree is looked at and replaced; `laid_out` are the programs,
    by exec path, whose trees are as they should be.
    """

    def __init__(
        self,
        directory: Path,
        *,
        temporary: Path,
        links: Path,
        runfiles: Path,
        sources: SourceState,
        blobs: DiskBlobStore,
        trees: TreeStore,
    ) -> None:
        self.directory = directory
        self.sources = sources
        self.blobs = blobs
        self.trees = trees
        self._root = str(directory)
        self.temporary = str(temporary)
        self._links = str(links)
        self._runfiles = str(runfiles)
        # Directories below the root that are known to be directories, and not links out of it.
        self._real: set[str] = set()
        self.known_links = KnownLinks()
        self.layout_lock = threading.Lock()
        self.laid_out: dict[ExecPath, Program] = {}
        # The shared directories that trees of these link.
        self.shared: set[str] = set()
        with disk_problems(directory):
            os.makedirs(directory, exist_ok=True)
            os.makedirs(temporary, exist_ok=True)
            remove_stale(temporary, older_than_seconds=_DAY, now=time.time())

    def is_laid_out(self, program: Program) -> bool:
        """Whether the runfiles tree of `program` was looked at within this command."""
        known = self.laid_out.get(program.executable.exec_path)
        return known is not None and known.runfiles is program.runfiles

    def path_of(self, artifact: Artifact) -> str:
        """Where `artifact` is, or will be; sources that are obtained by need are obtained."""
        if artifact.is_source:
            return self.sources.path_of(artifact)
        return f"{self._root}/{artifact.exec_path}"

    def files_in(self, artifact: Artifact, output: Output) -> tuple[TreePath, ...]:
        """The files and links in a directory artifact that holds `output`, sorted; of a file, none."""
        if not isinstance(output, OutputTree):
            return ()
        tree = self.sources.tree_of(artifact) if artifact.is_source else self.trees.tree(output.digest)
        return tuple(entry.path for entry in tree.entries if not isinstance(entry, TreeDirectory))

    def output_path(self, path: ExecPath) -> str:
        return f"{self._root}/{path}"

    def shared_directory(self, name: str) -> str:
        """The place of a directory of links that several runfiles trees have in common."""
        return f"{self._links}/{name}"

    def runfiles_place(self, path: ExecPath) -> str:
        """Where the runfiles tree lies that `path` is a link to; it ends like `path`, which tells what it is of."""
        digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:_PLACE_DIGITS]
        return f"{self._runfiles}/{digest}-{os.path.basename(path)[-_PLACE_CHARACTERS:]}"

    def temporary_directory(self) -> str:
        """A fresh, empty directory on the file system of the outputs."""
        path = self.temporary_path()
        os.mkdir(path)
        return path

    def temporary_path(self) -> str:
        return temporary_name(self.temporary)

    def place(self, path: ExecPath, output: Output) -> None:
        """Make the output tree show `output` at `path`. Raises MissingBlob when a store lost it."""
        match output:
            case OutputFile(digest, executable):
                temporary = self.temporary_path()
                self.blobs.link_to(digest, temporary, executable=executable)
                self.move_in(temporary, path)
            case OutputLink(text):
                self.place_link(path, text)
            case OutputTree(digest):
                self.place_link(path, str(self.trees.path_of(digest)))

    def place_link(self, path: ExecPath, text: str) -> None:
        if link_text(f"{self._root}/{path}") == text:
            self.prepare_parent(path)
            if link_text(f"{self._root}/{path}") == text:
                return
        temporary = self.temporary_path()
        os.symlink(text, temporary)
        self.move_in(temporary, path)

    def place_runfiles(self, temporary: str, path: ExecPath) -> None:
        """Rename a finished runfiles tree to its place, and make `path` the link to it, in this order."""
        place = self.runfiles_place(path)
        with disk_problems(place):
            os.makedirs(self._runfiles, exist_ok=True)
        self._move(temporary, place)
        self.place_link(path, place)

    def move_in(self, temporary: str, path: ExecPath) -> None:
        """Rename a finished file, link or directory to its place, whatever was there before."""
        self.prepare_parent(path)
        self._move(temporary, f"{self._root}/{path}")

    def _move(self, temporary: str, target: str) -> None:
        with disk_problems(target):
            try:
                replace(temporary, target, trash=self.temporary)
            except BaseException:
                remove(temporary)
                raise

    def remove(self, path: ExecPath) -> None:
        """Take an output away, so that nothing old stands for something that failed."""
        self.prepare_parent(path)
        remove(f"{self._root}/{path}")

    def prepare_parent(self, path: ExecPath) -> None:
        """Make sure that every directory above `path` is one; a file or link in its place is a stale output."""
        parent = path.rpartition("/")[0]
        if parent in self._real:
            return
        missing: list[str] = []
        while parent and parent not in self._real:
            missing.append(parent)
            parent = parent.rpartition("/")[0]
        for directory in reversed(missing):
            full = f"{self._root}/{directory}"
            with disk_problems(full):
                try:
                    mode = os.lstat(full).st_mode
                except FileNotFoundError:
                    mode = 0
                if mode and not stat.S_ISDIR(mode):
                    remove(full)
                with contextlib.suppress(FileExistsError):
                    os.mkdir(full)
            self._real.add(directory)
