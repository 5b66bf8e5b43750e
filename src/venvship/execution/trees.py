"""The tree store: directories by the digest of what they hold, made once per machine and linked ever after.

`<part of the digest of the encoded tree>/` is the directory; the encoded tree itself is a blob. Files are 0444 or 0555
and directories 0555, so that a program which runs from the store can't write into it, bytecode included. A directory
appears by one rename: a killed process leaves nothing but a temporary one.
"""

from __future__ import annotations

import base64
import errno
import functools
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from venvship.archives.tree import (
    MalformedTree,
    Tree,
    TreeDirectory,
    TreeEntry,
    TreeFile,
    TreeLink,
    encoding_of,
    rows_with,
)
from venvship.blobs.disk import digest_of_file
from venvship.blobs.store import BlobStore, MissingBlob
from venvship.errors import InternalError, UserError
from venvship.host.files import (
    disk_problems,
    remove,
    temporary_directory,
    temporary_name,
)
from venvship.host.new_files import READ_ONLY, READ_ONLY_EXECUTABLE
from venvship.model.digest import Digest
from venvship.model.paths import TreePath

_MAX_DEPTH = 256
_NO_DIGEST = Digest("0" * 64, 0)


class UnsupportedEntry(UserError):
    """A directory holds something that is neither a file, a link nor a directory, or is too deep."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"`{path}` {reason}")
        self.path = path


class MisdescribedTree(InternalError):
    """A directory does not hold what its maker says; only whoever made it knows why."""

    def __init__(self, directory: str, paths: Iterable[str]) -> None:
        named = sorted(paths)[:10]
        super().__init__(f"`{directory}` does not hold what was said of it, for example of {', '.join(named)}")


def scan_tree(
    directory: str | Path, digest_of: Callable[[str, os.stat_result], Digest] = lambda path, _: digest_of_file(path)
) -> Tree:
    """Read what a directory holds, hashing every file with `digest_of(path, status)`; links are not followed."""
    entries: list[TreeEntry] = []
    pending: list[tuple[str, str]] = [(os.fspath(directory), "")]
    while pending:
        host_path, prefix = pending.pop()
        if prefix.count("/") > _MAX_DEPTH:
            raise UnsupportedEntry(host_path, f"is more than {_MAX_DEPTH} directories deep")
        with os.scandir(host_path) as found:
            children = list(found)
        if not children and prefix:
            entries.append(TreeDirectory(TreePath(prefix[:-1])))
        for child in children:
            path = TreePath(prefix + child.name)
            if child.is_symlink():
                entries.append(TreeLink(path, os.readlink(child.path)))
            elif child.is_dir(follow_symlinks=False):
                pending.append((child.path, f"{path}/"))
            elif child.is_file(follow_symlinks=False):
                status = child.stat(follow_symlinks=False)
                entries.append(TreeFile(path, digest_of(child.path, status), bool(status.st_mode & 0o111)))
            else:
                raise UnsupportedEntry(child.path, "is neither a file, a link nor a directory")
    return Tree.of(entries)


def tree_name(digest: Digest) -> str:
    """The directory of a tree: 160 bits of its digest in 32 characters.

    An interpreter goes through the paths of its modules again and again, and each character takes time.
    """
    return base64.b32encode(bytes.fromhex(digest.sha256[:40])).decode().lower()


class TreeStore:
    """Read-only directories by digest, shared by all workspaces and processes of a user."""

    def __init__(self, directory: Path, blobs: BlobStore) -> None:
        self._root = str(directory)
        self._blobs = blobs

    @functools.cached_property
    def _temporary(self) -> str:
        return temporary_directory(self._root, now=time.time())

    @property
    def temporary(self) -> Path:
        """A directory on the store's file system, where a tree can be prepared for `adopt`."""
        return Path(self._temporary)

    def path_of(self, digest: Digest) -> Path:
        """Where the tree lies, or will lie once it is there."""
        return Path(f"{self._root}/{tree_name(digest)}")

    def has(self, digest: Digest) -> bool:
        return os.path.isdir(f"{self._root}/{tree_name(digest)}") and not self._blobs.find_missing([digest])

    def tree(self, digest: Digest) -> Tree:
        """What the tree holds; raises MissingBlob when the store does not know it."""
        try:
            return Tree.decode(self._blobs.read(digest))
        except MalformedTree as error:
            raise MissingBlob(digest) from error

    def adopt(self, directory: str | Path, tree: Tree | None = None) -> Digest:
        """Take over a directory without copying it; it is gone afterwards, also when the store has its like.

        `tree` is what `directory` holds when the caller knows it; names, kinds and sizes are compared and raise
        MisdescribedTree. Else every file is hashed. Permission bits are
        normalised. The directory must lie on the store's file system.
        """
        modes: dict[str, int] = {}
        known = _scanned(directory, modes) if tree is None else _checked(directory, tree, modes)
        return self._take_over(directory, known.encode(), lambda: _make_read_only(os.fspath(directory), known, modes))

    def rows_with(self, digest: Digest, rows: Iterable[list[object]]) -> str:
        """What the tree holds, and `rows` besides or in its place, as `adopt_sealed` wants it; raises MissingBlob."""
        return rows_with(self._blobs.read(digest), rows)

    def adopt_sealed(self, directory: str | Path, rows: str) -> Digest:
        """The same for a directory below which everything is read-only already, by the word of a tool of ours.

        `rows` says what it holds, as `encoding_of` wants it. Nothing is looked at: whoever writes tens of thousands of
        files, and hashes each, need not be asked about every one of them again.
        """
        return self._take_over(directory, encoding_of(rows), lambda: None)

    def _take_over(self, directory: str | Path, encoded: bytes, make_read_only: Callable[[], None]) -> Digest:
        digest = Digest.of(encoded)
        target = f"{self._root}/{tree_name(digest)}"
        self._blobs.write(digest, encoded)
        if os.path.isdir(target):
            remove(directory)
            return digest
        with disk_problems(self._root):
            os.makedirs(self._root, exist_ok=True)
            make_read_only()
            try:
                os.rename(directory, target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                # Somebody else was faster with the same tree.
                remove(directory)
                return digest
            os.chmod(target, READ_ONLY_EXECUTABLE)
        return digest

    def remove(self, digest: Digest) -> None:
        """Forget a tree; whoever is reading it keeps what is open."""
        target = f"{self._root}/{tree_name(digest)}"
        doomed = temporary_name(self._temporary)
        try:
            os.chmod(target, 0o700)
            os.rename(target, doomed)
        except FileNotFoundError:
            return
        remove(doomed)


def _scanned(directory: str | Path, modes: dict[str, int]) -> Tree:
    """Hash all files, and note their permission bits."""
    root = len(os.fspath(directory)) + 1

    def digest(path: str, status: os.stat_result) -> Digest:
        modes[path[root:]] = stat.S_IMODE(status.st_mode)
        return digest_of_file(path)

    return scan_tree(directory, digest)


def _checked(directory: str | Path, tree: Tree, modes: dict[str, int]) -> Tree:
    """`tree`, when the directory looks like it from outside the files, whose permission bits are noted."""
    digests: dict[str, Digest] = {entry.path: entry.digest for entry in tree.entries if isinstance(entry, TreeFile)}
    root = len(os.fspath(directory)) + 1

    def said(path: str, status: os.stat_result) -> Digest:
        inside = path[root:]
        modes[inside] = stat.S_IMODE(status.st_mode)
        digest = digests.get(inside)
        return digest if digest is not None and digest.size_bytes == status.st_size else _NO_DIGEST

    found = scan_tree(directory, said)
    if found.entries != tree.entries:
        different = {_shape(entry) for entry in found.entries} ^ {_shape(entry) for entry in tree.entries}
        raise MisdescribedTree(os.fspath(directory), {shape[0] for shape in different})
    return tree


def _shape(entry: TreeEntry) -> tuple[str, ...]:
    match entry:
        case TreeFile(path, digest, executable):
            return (path, digest.sha256, str(executable))
        case TreeLink(path, text):
            return (path, text)
        case TreeDirectory(path):
            return (path,)


def _make_read_only(directory: str, tree: Tree, modes: Mapping[str, int]) -> None:
    """`modes` has the permission bits of files as they are: most makers set them right, and each change costs."""
    # A directory that can't be written can't be moved either.
    os.chmod(directory, 0o755)
    directories: set[str] = set()
    for entry in tree.entries:
        above = entry.path if isinstance(entry, TreeDirectory) else entry.path.rpartition("/")[0]
        while above and above not in directories:
            directories.add(above)
            above = above.rpartition("/")[0]
        if isinstance(entry, TreeFile):
            mode = READ_ONLY_EXECUTABLE if entry.executable else READ_ONLY
            if modes.get(entry.path) != mode:
                os.chmod(f"{directory}/{entry.path}", mode)
    for path in directories:
        os.chmod(f"{directory}/{path}", READ_ONLY_EXECUTABLE)
