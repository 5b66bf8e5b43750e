"""The command `venvship`. Nothing beyond the interpreter's own modules is imported until a command needs it."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import NoReturn, TextIO

    from venvship.cli.fast_path import StampPlace
    from venvship.cli.surroundings import OpenSession, ReplaceProcess
    from venvship.session.stamp import Program

COLLECTOR_THRESHOLDS = (10_000_000, 20, 50)
"""The graphs of a build are large and hold few circles; looking for these again and again costs a third of the time."""


def console_main() -> NoReturn:
    """The entry point of the console script."""
    try:
        code = _console_main()
    except KeyboardInterrupt:
        # While modules are still imported, nothing else is there to say it.
        os.write(2, b"ERROR: interrupted\n")
        os._exit(8)
    _forget_closed_pipes()
    # To take a large graph apart in order costs as much as a tenth of making it. Nothing waits to be called at exit.
    os._exit(code)


def _console_main() -> int:
    clock, started = time.monotonic(), time.time_ns()
    _replace_missing_streams()
    answer = _quick_answer(sys.argv[1:])
    if answer is not None:
        # `contextlib` costs more than the whole answer.
        try:  # noqa: SIM105
            sys.stdout.write(answer + "\n")
        except BrokenPipeError:
            pass
        _forget_closed_pipes()
        sys.exit(0)
    try:
        cwd = os.getcwd()
    except FileNotFoundError:
        print("ERROR: the current directory does not exist any more", file=sys.stderr)
        sys.exit(36)
    place = _answer_again(sys.argv[1:], cwd, clock=clock, started=started)
    import gc
    from pathlib import Path

    from venvship.cli.interruption import stop_orderly_when_interrupted

    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    stop_orderly_when_interrupted()
    return main(
        sys.argv[1:],
        cwd=Path(cwd),
        stdout=sys.stdout,
        stderr=sys.stderr,
        environment=os.environ,
        stamp_place=place,
    )


def _answer_again(argv: Sequence[str], cwd: str, *, clock: float, started: int) -> StampPlace | None:
    """End the process with what this very command said before, if nothing has changed; else say where to note it."""
    from venvship.cli import fast_path

    try:
        terminals = (sys.stdout.isatty(), sys.stderr.isatty())
    except (AttributeError, ValueError):
        # Started without standard streams.
        return None
    place = fast_path.stamp_place(argv, cwd=cwd, environment=os.environ, terminals=terminals, started=started)
    if place is not None and fast_path.answer(place, os.environ, stdout=sys.stdout, stderr=sys.stderr, clock=clock):
        program = place.program
        if program is None:
            fast_path.leave(0)
        else:
            _become(program, place.arguments, cwd)
    return place


def _become(program: Program, arguments: list[str], cwd: str) -> None:
    """Become a program; when that can't be, the command goes the ordinary way, which tells why."""
    from venvship.cli.replacement import become

    argv, variables, directory = program
    # `contextlib` costs more than the whole answer.
    try:  # noqa: SIM105
        become([*argv, *arguments], {**os.environ, **variables, "BUILD_WORKING_DIRECTORY": cwd}, directory)
    except OSError:
        pass


def main(
    argv: Sequence[str],
    *,
    cwd: Path,
    stdout: TextIO,
    stderr: TextIO,
    environment: Mapping[str, str],
    open_session: OpenSession | None = None,
    replace_process: ReplaceProcess | None = None,
    stamp_place: StampPlace | None = None,
) -> int:
    """Run one command and give its exit code.

    `open_session` and `replace_process` stand for the real ones, so that the way from words to a session can be
    walked without either. With a `stamp_place`, a command after which another one like it would have nothing to do
    notes that there.
    """
    answer = _quick_answer(argv)
    if answer is not None:
        stdout.write(answer + "\n")
        return 0
    from venvship.cli.dispatch import dispatch
    from venvship.cli.streams import PatientStream
    from venvship.cli.surroundings import StampWanted, Surroundings, execute, open_workspace_session
    from venvship.session.opened_paths import OpenedPaths

    stamp = None
    if stamp_place is not None:
        stamp = StampWanted(stamp_place, OpenedPaths(ignored=stamp_place.user_root))
    return dispatch(
        argv,
        Surroundings(
            cwd=cwd,
            stdout=PatientStream(stdout),
            stderr=PatientStream(stderr),
            environment=dict(environment),
            open_session=open_session or open_workspace_session,
            replace_process=replace_process or execute,
            stamp=stamp,
        ),
    )


def _quick_answer(argv: Sequence[str]) -> str | None:
    """The answer to a command that no workspace and no flag can change."""
    words = tuple(argv)
    if words in (("--version",), ("version",)):
        from venvship.cli.version import version_text

        return version_text()
    if words in ((), ("help",), ("--help",), ("-h",)):
        from venvship.cli.commands import overview

        return overview()
    return None


def _replace_missing_streams() -> None:
    """A process may be started with its standard output or error closed; what is said there goes nowhere then."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # open until the process ends


def _forget_closed_pipes() -> None:
    """Flush here, where it may fail, so that the interpreter does not complain at exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
