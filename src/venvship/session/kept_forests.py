"""Directories of links and small files, such as virtual environments, as they are kept beside a stamp.

When such a directory is gone and nothing else has changed, nothing needs to be loaded, analysed or looked up: its links
are in the stamp, and its files have second names here, by which they are there still. A file that somebody has written
into meanwhile has another time, as the stamp sees. So what is laid out again is what the stamp knows, file by file, and
the stamp stays as it is. What stands in the way — another command, a directory that is only half gone, a file that
another command has made since — makes the command go the ordinary way.

The standard library's smallest modules must do here, as in `session.stamp`.
"""

from __future__ import annotations

import os

from venvship.host.lock_file import lock_file, unlock_file
from venvship.host.marshalled import packed, read_own, unpacked
from venvship.session.stamp import Stamp, from_inside, is_below, path_in, trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

Forest: TypeAlias = tuple[str, int, list[str]]
"""A directory, how many links are in it, and its files by their paths below it."""

INDEX = "index"
_MAGIC = b"venvship-forests\n"
_MOST_FILES = 10_000


class KeptForests:
    """The forests of one command line, whose files have second names in one directory: their numbers.

    `endings` is what the command says after the time that it took when one forest was laid out again, when two were,
    and so on.
    """

    __slots__ = ("endings", "forests")

    def __init__(self, forests: list[Forest], endings: list[str]) -> None:
        self.forests = forests
        self.endings = endings

    def encode(self) -> bytes:
        return packed(_MAGIC, [self.forests, self.endings])

    @classmethod
    def read(cls, directory: str) -> KeptForests | None:
        """What is kept in a directory of this user; None when there is nothing that can be read."""
        data = read_own(f"{directory}/{INDEX}")
        values = None if data is None else unpacked(_MAGIC, data)
        if type(values) is not list or len(values) != 2:
            return None
        return cls(*values)

    def files(self) -> list[str]:
        """The paths of all files, in the order of their numbers; none when they are too many to be worth it."""
        if sum(len(files) for _, _, files in self.forests) > _MOST_FILES:
            return []
        return [f"{directory}/{path}" for directory, _, files in self.forests for path in files]


def laid_out_again(stamp: Stamp, gone: list[str], *, kept_path: str, output_base: str) -> str | None:
    """Lay out the forests `gone`, if these are all that the stamp misses.

    Returns what the command says at its end; None when it must go the ordinary way, which also cleans up.
    """
    kept = KeptForests.read(kept_path)
    if kept is None or len(gone) > len(kept.endings):
        return None
    try:
        lock = lock_file(f"{output_base}/lock", wait=False)
    except OSError:
        return None
    if lock is None:
        return None
    try:
        done = from_inside(lambda: _all_laid_out(stamp, gone, kept, kept_path, output_base))
    finally:
        unlock_file(lock)
    return kept.endings[len(gone) - 1] if done else None


def _all_laid_out(stamp: Stamp, gone: list[str], kept: KeptForests, kept_path: str, output_base: str) -> bool:
    if stamp.changed_outputs(beside=gone) != []:
        return False
    files = os.open(kept_path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        number = 0
        for forest in kept.forests:
            if forest[0] in gone and not _laid_out(forest, stamp, files, number, output_base):
                return False
            number += len(forest[2])
    finally:
        os.close(files)
    return all(map(os.path.lexists, gone))


def _laid_out(forest: Forest, stamp: Stamp, files: int, number: int, output_base: str) -> bool:
    """Lay out one forest, whose files have the names from `number` on in the directory `files`.

    False when the stamp knows another one.
    """
    directory, link_count, paths = forest
    names = {f"{directory}/{path}": str(number + place) for place, path in enumerate(paths)}
    temporary = f"{output_base}/tmp/{os.getpid()}-forest-{os.urandom(4).hex()}"
    os.mkdir(temporary)
    for group, _, links, own_names, traces in stamp.outputs:
        if not is_below(group, (directory,)):
            continue
        below = temporary + group[len(directory) :]
        os.makedirs(below, exist_ok=True)
        os.chdir(below)
        for name, text in links:
            os.symlink(text, name)
        for name in own_names:
            os.link(names.pop(path_in(group, name), ""), name, src_dir_fd=files, follow_symlinks=False)
        if list(map(trace, map(os.lstat, own_names))) != traces:
            return False
        link_count -= len(links)
    if names or link_count:
        return False
    os.rename(temporary, directory)
    return True
