"""`sync`: writes the virtualenv at the root of the workspace, which editors find by themselves."""

from __future__ import annotations

from venvship.cli.exit_codes import ExitCode
from venvship.cli.fast_path_note import Said, note_answer
from venvship.cli.invocation import Invocation
from venvship.cli.targets import select
from venvship.errors import SeveralErrors
from venvship.events.build_events import Message, Severity
from venvship.loading.targets import RuleTarget, Target
from venvship.ui.messages import message

_EVERYTHING = ("//...",)
_RULES = frozenset({"py_binary", "py_library", "py_test", "py_venv"})
_MOST_LINES = 20


def sync(invocation: Invocation) -> int:
    named = (*invocation.flags.texts("target"), *invocation.words)
    check = invocation.flags.boolean("check")
    with invocation.display() as display, invocation.session(said := Said(display, invocation.attempt)) as session:
        selection = select(invocation, session, named or _EVERYTHING)
        if selection.errors:
            raise SeveralErrors(selection.errors)
        labels = [label for label, target in selection.targets.items() if named or _belongs(target)]
        outcome = session.sync(labels, check=check)
        for warning in outcome.warnings:
            said.emit(Message(Severity.WARNING, warning))
        changes = outcome.changes
        if not (check and changes):
            text = message(Severity.INFO, f"`{outcome.path}`: up to date", colour=invocation.colour) + "\n"
            note_answer(invocation, session, said, text, left=outcome.left)
    write = invocation.surroundings.stderr.write

    def say(severity: Severity, text: str) -> None:
        write(message(severity, text, colour=invocation.colour) + "\n")

    if check and changes:
        for line in changes.lines[:_MOST_LINES]:
            write(f"  {line}\n")
        if len(changes) > _MOST_LINES:
            write(f"  and {len(changes) - _MOST_LINES} more\n")
        say(Severity.ERROR, f"`{outcome.path}` is stale in {_entries(len(changes))}: run `venvship sync`")
        return ExitCode.BUILD_FAILED
    what = f"{_entries(len(changes))} changed" if changes else "up to date"
    say(Severity.INFO, f"`{outcome.path}`: {what}")
    return ExitCode.SUCCESS


def _belongs(target: Target) -> bool:
    """Whether a target that the wildcard matched is Python."""
    return isinstance(target, RuleTarget) and target.rule_class.name in _RULES


def _entries(count: int) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"
