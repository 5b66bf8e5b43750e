"""The answer to a command that was given before, when nothing has changed since.

It is looked for before anything else is imported, so this module makes do with the standard library's smallest
modules and `session.stamp`. Where it finds no answer the command goes the ordinary way, and leaves a stamp for the next
one (`fast_path_note`).
"""

from __future__ import annotations

import gc
import os
import stat
import sys

from venvship.host.short_hash import short_sha256
from venvship.session.stamp import FORMAT, read_stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from venvship.session.stamp import Program, Stamp

RUN = "run"
COMMANDS = frozenset(("build", "test", RUN, "sync"))
"""What may be answered by a stamp."""

STAMPS = "stamps"
"""The directory in an output base that holds them."""

RECORDS = "records"
"""The directory beside it, with a record of the build for each stamp."""

FORESTS = "forests"
"""And one with the virtual environments of those that have some (`session.kept_forests`)."""

_BOUNDARIES = ("MODULE.bazel", "REPO.bazel", "WORKSPACE.bazel", "WORKSPACE")
_USER_ROOT = "--output_user_root"


class StampPlace:
    """Where the stamp of a command line lies: in the output base of its workspace, under the words of the command."""

    __slots__ = (
        "arguments",
        "changed",
        "forests",
        "output_base",
        "path",
        "program",
        "record",
        "stamp",
        "started",
        "user_root",
    )

    def __init__(self, user_root: str, output_base: str, key: str, started: int, arguments: list[str]) -> None:
        """`arguments` are the words after `--` of a command that becomes a program."""
        self.arguments = arguments
        self.user_root = user_root
        self.output_base = output_base
        self.path = f"{output_base}/{STAMPS}/{key}"
        self.record = f"{output_base}/{RECORDS}/{key}"
        self.forests = f"{output_base}/{FORESTS}/{key}"
        self.started = started
        self.stamp: Stamp | None = None
        """What was found there, when little has changed since."""
        self.changed: list[str] = []
        """The files and directories that have."""
        self.program: Program | None = None
        """What the command becomes when its answer is given."""


def stamp_place(
    argv: Sequence[str], *, cwd: str, environment: Mapping[str, str], terminals: tuple[bool, bool], started: int
) -> StampPlace | None:
    """Where the stamp of a command would be; None for commands that have none.

    `terminals` says of stdout and stderr whether they are one, and `started` when the command began, in nanoseconds.
    """
    words = list(argv)
    position = next((number for number, word in enumerate(words) if not word.startswith("-")), None)
    if position is None or words[position] not in COMMANDS:
        return None
    user_root = _user_root(words[:position], environment)
    workspace = _workspace(cwd)
    if user_root is None or workspace is None:
        return None
    arguments: list[str] = []
    if words[position] == RUN and "--" in words[position:]:
        # A program that is given something else to do is the same program.
        end = words.index("--", position)
        words, arguments = words[:end], words[end + 1 :]
    name = short_sha256(os.fsencode(os.path.realpath(workspace)))[:32]
    key = short_sha256(ascii((FORMAT, cwd, words, terminals)).encode())[:32]
    return StampPlace(user_root, f"{user_root}/workspaces/{name}", key, started, arguments)


def answer(place: StampPlace, environment: Mapping[str, str], *, stdout: TextIO, stderr: TextIO, clock: float) -> bool:
    """Say what the command said before, if nothing has changed since; `clock` is the monotonic time it began.

    If something has, `place` says what afterwards, and otherwise which program is to be started.
    """
    # Nothing that is loaded here makes a circle, and there is much of it.
    gc.disable()
    try:
        stamp = read_stamp(place.path)
        changed = None if stamp is None else stamp.changed_inputs(environment)
        if stamp is None or changed is None:
            return False
        before, after = stamp.errors
        holds = stamp.repeatable and not changed
        if holds:
            gone = [forest for forest in stamp.forests if not os.path.lexists(forest)]
            if gone:
                from venvship.session.kept_forests import laid_out_again

                ending = laid_out_again(stamp, gone, kept_path=place.forests, output_base=place.output_base)
                holds, after = ending is not None, ending or ""
            else:
                holds = stamp.changed_outputs() == []
        if stamp.program is not None and not os.access(stamp.program[0][0], os.X_OK):
            holds = False
        if not holds:
            if stamp.generation:
                place.stamp, place.changed = stamp, changed
            return False
        place.program = stamp.program
    finally:
        gc.enable()
    import time

    _write(stderr, f"{before}{max(time.monotonic() - clock, 0):.3f}{after}" if after else before)
    _write(stdout, stamp.answer)
    return True


def _write(stream: TextIO, text: str) -> None:
    if not text:
        return
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except (BrokenPipeError, ValueError):
        # Nobody reads any more, and the command is over.
        return


def _user_root(startup: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Where state lies, as far as that can be told without rc files; None when they are needed for it."""
    root = ""
    for word in startup:
        if word.lstrip("-") == _USER_ROOT.lstrip("-"):
            return None
        if word.startswith(f"{_USER_ROOT}="):
            root = os.path.expanduser(word.partition("=")[2])
    if not root:
        cache = environment.get("XDG_CACHE_HOME", "")
        home = environment.get("HOME", "")
        if not os.path.isabs(cache) and not home:
            return None
        root = f"{cache if os.path.isabs(cache) else f'{home}/.cache'}/venvship"
    return os.path.abspath(root)


def _workspace(cwd: str) -> str | None:
    directory = cwd
    while True:
        for name in _BOUNDARIES:
            try:
                if stat.S_ISREG(os.stat(f"{directory}/{name}").st_mode):
                    return directory or "/"
            except OSError:
                continue
        if directory in ("", "/"):
            return None
        directory = directory.rpartition("/")[0]


def leave(code: int) -> None:
    """End the process at once: taking it apart in order would cost more than the answer did."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            continue
    os._exit(code)
