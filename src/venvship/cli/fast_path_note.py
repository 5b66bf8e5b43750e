"""Notes that a command has nothing more to do, for the next one like it (`fast_path`)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from io import StringIO

from venvship.cli.attempt import Attempt
from venvship.cli.build_report import few_enough, print_build, print_conclusion
from venvship.cli.exit_codes import ExitCode
from venvship.cli.flag_values import FlagValues
from venvship.cli.flags import Effect
from venvship.cli.invocation import Invocation
from venvship.cli.surroundings import Session
from venvship.cli.test_report import print_results
from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem
from venvship.events.build_events import (
    ActionFinished,
    ActionSource,
    Event,
    EventSink,
    Message,
    Severity,
    TestFinished,
    TestStatus,
)
from venvship.host.files import remove, temporary_name, write_atomically
from venvship.host.new_files import write_new
from venvship.model.label import Label
from venvship.session.build_record import BuildRecord
from venvship.session.kept_forests import INDEX, Forest, KeptForests
from venvship.session.outcomes import BuildOutcome
from venvship.session.stamp import Program, Stamp
from venvship.ui.messages import message

_MAX_STAMPS = 32
_MOST_FORESTS = 100
"""More that are gone than these is no accident, and the ordinary way tells how far it is."""
_BESIDE_OUTPUTS = (
    "announce_rc",
    "bes_backend",
    "build_event_binary_file",
    "build_event_json_file",
    "build_event_text_file",
    "execution_log_compact_file",
    "execution_log_json_file",
    "explain",
    "generate_json_trace_profile",
    "profile",
    "stamp",
    "workspace_status_command",
)
_NO_TIME = "0.000"


class Said:
    """Passes events on and remembers the messages among them; those that an attempt has shown are not shown again."""

    def __init__(self, sink: EventSink, attempt: Attempt) -> None:
        self._sink = sink
        self._attempt = attempt
        self._sources: list[ActionSource] = []
        self._told: list[Message] = []

    @property
    def messages(self) -> list[Message]:
        """Those that the next command like this one repeats."""
        return [message for message in self._told if message.repeated]

    def emit(self, event: Event) -> None:
        if isinstance(event, Message):
            self._told.append(event)
            if self._attempt.has_told(event):
                return
        elif isinstance(event, ActionFinished):
            self._sources.append(event.source)
        self._sink.emit(event)

    def give_up(self, warnings: Iterable[Message]) -> None:
        """Let the attempt know what was shown, `warnings` before all else, and made."""
        self._attempt.messages += [*warnings, *self._told]
        self._attempt.ran += self._sources.count(ActionSource.RUN)
        self._attempt.cached += self._sources.count(ActionSource.CACHE)


class _Paper(StringIO):
    """Text that is written as if to another stream."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@dataclass(frozen=True, slots=True)
class Taken:
    """What a command read and left, and what it knew."""

    stamp: Stamp
    record: BuildRecord | None
    forests: Sequence[Forest] = ()


def take_stamp(
    invocation: Invocation,
    session: Session,
    requested: Sequence[Label],
    *,
    wildcards: bool | None,
    variables: Iterable[str] = (),
    known: Container[str] = (),
) -> Taken | None:
    """What the command read and left, while its session is open; None where no stamp is wanted.

    Of files that are `known` another stamp tells, unless they belong to the build.
    """
    if not invocation.flags.boolean("build"):
        return None
    stamp = _stamp(invocation, session, variables=variables, known=known)
    if stamp is None:
        return None
    return Taken(stamp, session.record(requested, wildcards=wildcards), session.forests())


def note_answer(invocation: Invocation, session: Session, said: Said, text: str, *, left: Iterable[str]) -> None:
    """Write the stamp of a command that is no build and that says `text` when there is nothing to do.

    `left` are the files and links that it has made, and the session is still open.
    """
    wanted = invocation.surroundings.stamp
    if wanted is None or said.messages or invocation.line.warnings:
        return
    stamp = _stamp(invocation, session, left=left)
    if stamp is not None:
        stamp.errors = (text, "")
        _write(wanted.place.path, stamp.encode())


def _stamp(
    invocation: Invocation,
    session: Session,
    *,
    variables: Iterable[str] = (),
    known: Container[str] = (),
    left: Iterable[str] = (),
) -> Stamp | None:
    wanted = invocation.surroundings.stamp
    if wanted is None or _works_every_time(invocation.flags):
        return None
    wanted.opened.stop()
    if session.info()["output_base"] != wanted.place.output_base:
        # An rc file has moved the state; the next command would not look there.
        return None
    opened = {path: seen for path, seen in wanted.opened.paths().items() if path not in known}
    return session.stamp(opened, started=wanted.place.started, variables=variables, left=left)


def _works_every_time(flags: FlagValues) -> bool:
    """Whether a flag asks for something beside outputs, which a stamp does not make."""
    said = (flags.table[name] for name in _BESIDE_OUTPUTS if name in flags.table and flags.was_said(name))
    return any(flag.effect is not Effect.NONE for flag in said)


def note(
    taken: Taken | None,
    invocation: Invocation,
    said: Said,
    outcome: BuildOutcome | None,
    *,
    code: ExitCode,
    results: Sequence[TestFinished] = (),
    program: Program | None = None,
) -> None:
    """Write the stamp of a command whose targets are built, with what the next one like it will say."""
    if taken is None or outcome is None or outcome.failures or outcome.failed:
        return
    if code in (ExitCode.SUCCESS, ExitCode.TESTS_FAILED) and not may_say_something_else(said, outcome):
        if program is not None:
            taken.stamp.program = program
        write_stamp(taken, invocation, said.messages, outcome, code=code, results=results)


def write_stamp(
    taken: Taken,
    invocation: Invocation,
    messages: Sequence[Message],
    outcome: BuildOutcome,
    *,
    code: ExitCode,
    results: Sequence[TestFinished] = (),
) -> None:
    """Write a stamp, and the record that belongs to it; `messages` are those of every command like this one."""
    wanted = invocation.surroundings.stamp
    if wanted is None:
        return
    stamp, record = taken.stamp, taken.record
    if record is not None:
        told = few_enough(outcome, invocation) or invocation.flags.boolean("experimental_show_artifacts")
        # Of many targets a record has none to begin with, and there must be no fewer now.
        record.note_outcome(outcome, told=told and (record.told or bool(outcome.targets)))
        record.note_messages(messages)
        record.note_results(results)
    again = all(result.status is TestStatus.PASSED for result in results) and not (
        record.unsettled() if record is not None else [result for result in results if not result.cached]
    )
    stamp.repeatable = again and code is ExitCode.SUCCESS
    if stamp.repeatable:
        following = _answer(stamp, invocation, messages, outcome, [replace(result, cached=True) for result in results])
        if taken.forests:
            endings = [_ending(invocation, following, made=number + 1) for number in range(len(taken.forests))]
            if _keep(wanted.place.forests, KeptForests(list(taken.forests), endings[:_MOST_FORESTS])):
                stamp.forests = [directory for directory, _, _ in taken.forests]
    stamp.generation = os.urandom(16).hex()
    if record is not None:
        record.generation = stamp.generation
        _write(wanted.place.record, record.encode())
    _write(wanted.place.path, stamp.encode())


def _answer(
    stamp: Stamp,
    invocation: Invocation,
    messages: Sequence[Message],
    outcome: BuildOutcome,
    results: Sequence[TestFinished],
) -> BuildOutcome:
    """Put into the stamp what a command says for which there is nothing to do, and return what comes of that."""
    total = outcome.actions_run + outcome.actions_cached + outcome.up_to_date
    following = replace(outcome, actions_run=0, actions_cached=0, up_to_date=total)
    again, answer, errors = _on_paper(invocation)
    for warning in invocation.line.warnings:
        errors.write(message(Severity.WARNING, warning, colour=invocation.colour) + "\n")
    for one in messages:
        errors.write(message(one.severity, one.text, colour=invocation.colour) + "\n")
    print_build(following, again)
    before = errors.getvalue()
    print_conclusion(following, again, code=ExitCode.SUCCESS, seconds=float(_NO_TIME))
    head, _, tail = errors.getvalue()[len(before) :].partition(_NO_TIME)
    print_results(results, again)
    stamp.errors = (before + head, tail)
    stamp.answer = answer.getvalue()
    return following


def _ending(invocation: Invocation, following: BuildOutcome, *, made: int) -> str:
    """What is said after the time that a command took which had some actions to run."""
    outcome = replace(following, actions_run=made, up_to_date=following.up_to_date - made)
    again, _, errors = _on_paper(invocation)
    print_conclusion(outcome, again, code=ExitCode.SUCCESS, seconds=float(_NO_TIME))
    return errors.getvalue().partition(_NO_TIME)[2]


def _on_paper(invocation: Invocation) -> tuple[Invocation, _Paper, _Paper]:
    """The command, with what it then writes to stdout and to stderr."""
    surroundings = invocation.surroundings
    errors = _Paper(is_terminal=surroundings.stderr.isatty())
    answer = _Paper(is_terminal=surroundings.stdout.isatty())
    return replace(invocation, surroundings=replace(surroundings, stdout=answer, stderr=errors)), answer, errors


def may_say_something_else(said: Said, outcome: BuildOutcome) -> bool:
    """Whether the next command may have other messages: news of the moment, or warnings of actions that were run."""
    if any(one.severity is Severity.INFO for one in said.messages):
        return True
    return bool(said.messages) and bool(outcome.actions_run or outcome.actions_cached)


def _write(path: str, data: bytes) -> None:
    directory = os.path.dirname(path)
    try:
        os.makedirs(directory, exist_ok=True)
        write_atomically(path, data, mode=0o600)
        _forget_old(directory)
    except (OSError, EnvironmentProblem):
        # A full or read-only disk makes the next command slower, nothing else.
        with contextlib.suppress(OSError):
            os.unlink(path)


def _keep(directory: str, forests: KeptForests) -> bool:
    """Give the files of forests second names in the directory; whether that was possible."""
    files = forests.files()
    if not files:
        return False
    temporary = temporary_name(os.path.dirname(directory))
    try:
        os.makedirs(temporary)
        for number, path in enumerate(files):
            os.link(path, f"{temporary}/{number}", follow_symlinks=False)
        write_new(f"{temporary}/{INDEX}", forests.encode(), 0o600)
        remove(directory)
        os.rename(temporary, directory)
        _forget_old(os.path.dirname(directory))
    except (OSError, EnvironmentProblem):
        with contextlib.suppress(OSError, EnvironmentProblem):
            remove(temporary)
        return False
    return True


def _forget_old(directory: str) -> None:
    with os.scandir(directory) as found:
        stamps = sorted(found, key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
    for old in stamps[_MAX_STAMPS:]:
        remove(old.path)
