"""Directories of links and small files, such as virtual environments, as they are kept beside a stamp.

When such a directory is gone and nothing else has changed, nothing needs to be loaded, analysed or looked up: its links
are in the stamp, the content of its files is here, and both were true when the stamp was written. What stands in the
way — another command, a directory that is only half gone, a file that another command has written since — makes the
command go the ordinary way.

The standard library's smallest modules must do here, as in `session.stamp`.
"""

from __future__ import annotations

import os

from venvship.host.lock_file import lock_file, unlock_file
from venvship.host.marshalled import packed, read_own, unpacked
from venvship.host.new_files import lay_forest, write_new
from venvship.session.stamp import Outputs, Stamp, Trace, path_in, trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

KeptFile: TypeAlias = tuple[str, bytes, bool, Trace]
Forest: TypeAlias = tuple[str, int, list[KeptFile]]

_MAGIC = b"venvship-forests\n"
_MAX_BYTES = 32 << 20
_PRIVATE = 0o600


class KeptForests:
    """The forests of one command line.

    Each is its directory, how many links it has, and its files: the path below the directory, the content, whether it
    can be run, and the trace that it had. `endings` is what the command says after the time that it took when one
    forest was laid out again, when two were, and so on.
    """

    __slots__ = ("endings", "forests")

    def __init__(self, forests: list[Forest], endings: list[str]) -> None:
        self.forests = forests
        self.endings = endings

    def encode(self) -> bytes | None:
        """As bytes; None when they would be too many to be worth it."""
        if sum(len(content) for _, _, files in self.forests for _, content, _, _ in files) > _MAX_BYTES:
            return None
        return packed(_MAGIC, [self.forests, self.endings])

    @classmethod
    def read(cls, path: str) -> KeptForests | None:
        """What is in a file of this user; None when there is nothing that can be read."""
        data = read_own(path)
        values = None if data is None else unpacked(_MAGIC, data)
        if type(values) is not list or len(values) != 2:
            return None
        return cls(*values)


def forest_of(directory: str, links: Iterable[tuple[str, str]], files: Iterable[tuple[str, bytes, bool]]) -> Forest:
    """A forest that lies at `directory` now; raises OSError."""
    kept = [(path, content, runs, trace(os.lstat(f"{directory}/{path}"))) for path, content, runs in files]
    return (directory, sum(1 for _ in links), kept)


def laid_out_again(stamp: Stamp, lost: list[str], *, stamp_path: str, kept_path: str, output_base: str) -> str | None:
    """Lay out the forests that are gone, if the outputs `lost` are all that is in them, and make the stamp true again.

    Returns what the command says at its end; None when it must go the ordinary way, which also cleans up.
    """
    kept = KeptForests.read(kept_path)
    gone = [] if kept is None else [forest for forest in kept.forests if not os.path.lexists(forest[0])]
    inside = tuple([f"{directory}/" for directory, _, _ in gone])
    if kept is None or not 0 < len(gone) <= len(kept.endings) or not all(path.startswith(inside) for path in lost):
        return None
    try:
        lock = lock_file(f"{output_base}/lock", wait=False)
    except OSError:
        return None
    if lock is None:
        return None
    try:
        if stamp.changed_outputs() != lost:
            return None
        for forest in gone:
            again = _laid_out(forest, stamp.outputs, output_base)
            if again is None:
                return None
            kept.forests[kept.forests.index(forest)], stamp.outputs = again
        data = kept.encode()
        if data is not None:
            _replace(kept_path, data)
        _replace(stamp_path, stamp.encode())
    except OSError:
        return None
    finally:
        unlock_file(lock)
    return kept.endings[len(gone) - 1]


def _laid_out(forest: Forest, outputs: list[Outputs], output_base: str) -> tuple[Forest, list[Outputs]] | None:
    """The forest and the outputs as they are then; None when the stamp knows another one."""
    directory, link_count, files = forest
    links: list[tuple[str, str]] = []
    traces: dict[str, Trace] = {}
    for path, _, own_links, names, own_traces in outputs:
        if path == directory or path.startswith(f"{directory}/"):
            links += [(path_in(path, name)[len(directory) + 1 :], text) for name, text in own_links]
            traces.update(
                (path_in(path, name)[len(directory) + 1 :], found)
                for name, found in zip(names, own_traces, strict=True)
            )
    if len(links) != link_count or traces != {path: found for path, _, _, found in files}:
        return None
    temporary = f"{output_base}/tmp/{os.getpid()}-forest-{os.urandom(4).hex()}"
    os.mkdir(temporary)
    lay_forest(temporary, links, [(path, content, runs) for path, content, runs, _ in files])
    os.rename(temporary, directory)
    found = forest_of(directory, links, [(path, content, runs) for path, content, runs, _ in files])
    fresh = {f"{directory}/{path}": seen for path, _, _, seen in found[2]}
    return found, [_renewed(group, fresh, directory) for group in outputs]


def _renewed(group: Outputs, fresh: dict[str, Trace], directory: str) -> Outputs:
    path, _, links, names, _ = group
    if path != directory and not path.startswith(f"{directory}/"):
        return group
    # The directory itself is too fresh for its times to say anything.
    return (path, None, links, names, [fresh[path_in(path, name)] for name in names])


def _replace(path: str, data: bytes) -> None:
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"
    write_new(temporary, data, _PRIVATE)
    os.replace(temporary, path)
