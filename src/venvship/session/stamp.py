"""Stamps: what a command read and left, by which the same command later sees that nothing changed.

A stamp is one file, written after a command after which another one like it would do nothing. It holds the identity
(inode, size, times, mode) of every file that was read and of every directory that was listed, every path that was
found missing, and of every output its identity or, of links, its text. Whoever finds all of that unchanged may repeat
what the command said.

Time stamps have a resolution: a file that changes twice within one tick looks unchanged. So what had changed shortly
before it was looked at is compared by content as well ("racily clean", in git's words); times that lie in the future
count as recent for as long as they do. The time of the last change of status is compared too: no program can set it,
so a copy that keeps the time of modification is noticed.

No lock is taken for reading a stamp. It appears by one rename, all looks are reads, and an answer that was true when
the command began stays the truth about that moment, whatever another command does meanwhile; one that has changed a
source or an output by then makes this one go the ordinary way, and wait.

This module is imported before anything else is: the standard library's smallest modules must do.
"""

from __future__ import annotations

import os
import sys
from _operator import attrgetter
from stat import S_IFMT

from venvship.host.marshalled import packed, read_own, unpacked
from venvship.host.short_hash import short_sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
    from typing import TypeAlias, TypeVar

    Found = TypeVar("Found")

Signature: TypeAlias = tuple[int, int, int, int, int]
Trace: TypeAlias = tuple[int, int, int, int]
Fact: TypeAlias = int | str | tuple[str, ...]
Entry: TypeAlias = tuple[str, str]
Inputs: TypeAlias = tuple[str, list[str], list[Signature]]
Kinds: TypeAlias = tuple[str, list[str], list[int]]
Program: TypeAlias = tuple[list[str], dict[str, str], str]
Outputs: TypeAlias = tuple[str, Signature | None, list[Entry], list[str], list[Trace]]

# Attribute getters, because they and `map` look at a thousand files without a step of the interpreter in between.
signature: Callable[[os.stat_result], Signature] = attrgetter(
    "st_mtime_ns", "st_ctime_ns", "st_size", "st_ino", "st_mode"
)
"""By which a file or directory that is read is known."""

trace: Callable[[os.stat_result], Trace] = attrgetter("st_mtime_ns", "st_size", "st_ino", "st_mode")
"""By which an output is known; the time of its last change of status moves whenever its blob is linked."""

_mode: Callable[[os.stat_result], int] = attrgetter("st_mode")

FORMAT = 5
"""Raised when stamps of earlier versions would be misread."""

RACY_NANOSECONDS = 2_000_000_000
"""The coarsest time stamps of file systems in use."""

_MAGIC = b"venvship-stamp\n"

_VARIABLES = frozenset(
    (
        "BAZELRC",
        "HOME",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_CTYPE",
        "LOGNAME",
        "NO_COLOR",
        "PATH",
        "PYENV_ROOT",
        "TERM",
        "TMPDIR",
        "USER",
        "VIRTUAL_ENV",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_DIRS",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    )
)
_VARIABLE_PREFIXES = ("PIP_", "PYTHON", "UV_", "VENVSHIP_")


class Stamp:
    """What is known about one command line.

    `facts` tell of the process, `variables` are environment variables by name with the value they had, or None.
    `inputs` are files and directories with their signatures, by the directory that they are in; `absent` paths must not
    exist, `kinds` must be of a kind (`grouped`), `real_paths` must lead where they did, `racy_files` have a SHA-256 and
    `racy_directories` entries beside their signatures. `outputs` are by directory: its signature (None when it is too
    fresh to say anything), links with their texts, and files with their traces. `forests` are directories of outputs
    that may be kept (`session.kept_forests`). `errors` are what the command writes to
    stderr, before and after the time that it took (nothing after it when that is not told), and `answer` is what it
    writes to stdout; without `repeatable` the command would do something, as a test does that failed. `generation`
    names the record of the build that belongs to the stamp, if one does. `program` is what the command becomes in the
    end: its arguments but for those after `--`, variables that are set for it, its directory.
    """

    __slots__ = (
        "absent",
        "answer",
        "errors",
        "facts",
        "forests",
        "generation",
        "inputs",
        "kinds",
        "outputs",
        "program",
        "racy_directories",
        "racy_files",
        "real_paths",
        "repeatable",
        "variables",
    )

    def __init__(self) -> None:
        self.facts: tuple[Fact, ...] = ()
        self.variables: list[tuple[str, str | None]] = []
        self.inputs: list[Inputs] = []
        self.absent: list[str] = []
        self.kinds: list[Kinds] = []
        self.real_paths: list[Entry] = []
        self.racy_files: list[Entry] = []
        self.racy_directories: list[tuple[str, list[Entry]]] = []
        self.outputs: list[Outputs] = []
        self.forests: list[str] = []
        self.errors: tuple[str, str] = ("", "")
        self.answer = ""
        self.repeatable = True
        self.generation = ""
        self.program: Program | None = None

    def encode(self) -> bytes:
        return packed(_MAGIC, [getattr(self, name) for name in self.__slots__])

    @classmethod
    def decode(cls, data: bytes) -> Stamp | None:
        """Read what `encode` wrote; None for anything else, such as a file that was cut off."""
        values = unpacked(_MAGIC, data)
        if type(values) is not list or len(values) != len(cls.__slots__):
            return None
        stamp = cls()
        for name, value in zip(cls.__slots__, values, strict=True):
            setattr(stamp, name, value)
        return stamp

    def changed_inputs(self, environment: Mapping[str, str]) -> list[str] | None:
        """The files and directories that are not as they were; None when more than these is.

        The working directory moves about while this looks.
        """
        if self.facts != process_facts(environment):
            return None
        if any(environment.get(name) != value for name, value in self.variables):
            return None
        return from_inside(self._changed_inputs)

    def input_paths(self) -> set[str]:
        """The files and directories that were read and that are known by their times."""
        return {path_in(directory, name) for directory, names, _ in self.inputs for name in names}

    def changed_outputs(self, *, beside: Sequence[str] = (), known: Container[str] = ()) -> list[str] | None:
        """The outputs that are not as they were; None when they can't be looked at.

        Nothing below the directories `beside`, and nothing directly in those that are `known`, is looked at.
        """
        return from_inside(lambda: self._changed_outputs(beside, known))

    # From inside a directory its files are found sooner than by their absolute paths, which are long.

    def _changed_inputs(self) -> list[str] | None:
        look, enter = os.stat, os.chdir
        changed: list[str] = []
        for directory, names, signatures in self.inputs:
            enter(directory)
            changed += _changed(directory, names, signatures, signature, look)
        for directory, names, kinds in self.kinds:
            enter(directory)
            if list(map(S_IFMT, map(_mode, map(look, names)))) != kinds:
                return None
        if any(map(exists, self.absent)):
            return None
        if any(os.path.realpath(path) != real for path, real in self.real_paths):
            return None
        known = set(changed)
        changed += [path for path, listed in self.racy_directories if path not in known and entries_of(path) != listed]
        changed += [path for path, sha256 in self.racy_files if path not in known and sha256_of(path) != sha256]
        return changed

    def _changed_outputs(self, beside: Sequence[str], known: Container[str]) -> list[str]:
        look, enter, read = os.lstat, os.chdir, os.readlink
        changed: list[str] = []
        for directory, wanted, links, names, traces in self.outputs:
            if directory in known or (beside and is_below(directory, beside)):
                continue
            if len(links) == 1 and not names:
                # Such as the trees of wheels, of which there are many.
                [(name, text)] = links
                try:
                    if read(f"{directory}/{name}") == text:
                        continue
                except OSError:
                    pass
                changed.append(path_in(directory, name))
                continue
            try:
                enter(directory)
            except (FileNotFoundError, NotADirectoryError):
                changed += [path_in(directory, name) for name in (*names, *(name for name, _ in links))]
                continue
            changed += _changed(directory, names, traces, trace, look)
            # A directory that is the same has the same names, and a link gets another text by being replaced.
            if links and (wanted is None or signature(look(".")) != wanted):
                for name, text in links:
                    try:
                        found = read(name)
                    except OSError:
                        found = None
                    if found != text:
                        changed.append(path_in(directory, name))
        return changed


def _changed(
    directory: str,
    names: list[str],
    known: list[Found],
    identity: Callable[[os.stat_result], Found],
    look: Callable[[str], os.stat_result],
) -> list[str]:
    """The paths of the entries of the working directory that are not those that are `known`."""
    try:
        if list(map(identity, map(look, names))) == known:
            return []
    except FileNotFoundError:
        pass
    changed: list[str] = []
    for name, wanted in zip(names, known, strict=True):
        try:
            if identity(look(name)) == wanted:
                continue
        except FileNotFoundError:
            pass
        changed.append(path_in(directory, name))
    return changed


def grouped(kinds: Mapping[str, int]) -> list[Kinds]:
    """Absolute paths by the directory above the one that they are in: wheels and trees have directories of their own.

    >>> grouped({"/wheels/x/x.whl": 1, "/wheels/y/y.whl": 2, "/tmp": 3})
    [('/wheels', ['x/x.whl', 'y/y.whl'], [1, 2]), ('/', ['tmp'], [3])]
    """
    groups: dict[str, tuple[list[str], list[int]]] = {}
    for path, kind in kinds.items():
        above = path.rpartition("/")[0].rpartition("/")[0]
        names, found = groups.setdefault(above or "/", ([], []))
        names.append(path[len(above) + 1 :] or ".")
        found.append(kind)
    return [(directory, *lists) for directory, lists in groups.items()]


def path_in(directory: str, name: str) -> str:
    """The path of an entry of a directory; `.` is the directory itself."""
    if name == ".":
        return directory
    return f"{directory}{name}" if directory == "/" else f"{directory}/{name}"


def is_below(directory: str, roots: Sequence[str]) -> bool:
    """Whether a directory is one of `roots` or in one."""
    return any(directory == root or directory.startswith(f"{root}/") for root in roots)


def from_inside(find: Callable[[], Found | None]) -> Found | None:
    """What is found by moving about the working directory, which is the same again then; None after an OSError."""
    try:
        here = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return find()
    except OSError:
        return None
    finally:
        os.fchdir(here)
        os.close(here)


def is_racy(found: Signature, now: int) -> bool:
    """Whether what was looked at at `now` may change again without its times showing it."""
    return max(found[0], found[1]) >= now - RACY_NANOSECONDS


def exists(path: str) -> bool:
    """Whether a look at the path finds anything, links followed."""
    try:
        os.stat(path)
    except (OSError, ValueError):
        return False
    return True


def sha256_of(path: str) -> str:
    """Raises OSError."""
    import hashlib  # Needed for files that changed in the moments before a build, which are few.

    hasher = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(1 << 20):
            hasher.update(chunk)
    return hasher.hexdigest()


def entries_of(directory: str) -> list[Entry]:
    """Names and kinds of what is in a directory, sorted; raises OSError."""
    with os.scandir(directory) as found:
        return sorted((entry.name, _kind(entry)) for entry in found)


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "l"
    return "d" if entry.is_dir(follow_symlinks=False) else "f" if entry.is_file(follow_symlinks=False) else "o"


def process_facts(environment: Mapping[str, str]) -> tuple[Fact, ...]:
    """What a command sees of interpreter, machine and environment without looking at files."""
    machine = os.uname()
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        libc = ""
    return (
        FORMAT,
        sys.version,
        sys.executable,
        tuple(sys.path),
        (machine.sysname, machine.release, machine.machine, libc),
        os.geteuid(),
        _digest_of_relevant(environment),
    )


def _digest_of_relevant(environment: Mapping[str, str]) -> str:
    """Passwords of indexes are among the variables, and a stamp is a file."""
    relevant = sorted(
        (name, value)
        for name, value in environment.items()
        if name in _VARIABLES or name.startswith(_VARIABLE_PREFIXES)
    )
    return short_sha256(ascii(relevant).encode())


def read_stamp(path: str) -> Stamp | None:
    """The stamp in a file of this user; None when there is none that can be read."""
    data = read_own(path)
    return None if data is None else Stamp.decode(data)
