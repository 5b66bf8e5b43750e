"""What goes wrong while actions run, in the user's words."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Final

from venvship.errors import InternalError, UserError
from venvship.model.action import Action, Spawn
from venvship.model.artifact import Artifact
from venvship.model.other_machine import OtherMachine

_TAIL_LINES = 60
_TAIL_CHARACTERS = 16_000
_COMMAND_CHARACTERS = 2_000


class Interrupted(UserError):
    """The user stopped the command; what was made stays made."""

    def __init__(self) -> None:
        super().__init__("interrupted")


class ActionFailed(UserError):
    """One action could not make its outputs. `output` is the end of what it printed."""

    def __init__(self, action: Action, reason: str, *, output: str = "", hint: str | None = None) -> None:
        command = _command(action)
        parts = [f"{action.mnemonic} of `{action.owner}` failed: {reason}"]
        if command:
            parts.append(f"command: {command}")
        text = tail(output)
        if text:
            parts.append(f"output:\n{text}")
        super().__init__("\n".join(parts), hint=hint)
        self.action = action
        self.reason = reason
        self.command = command
        self.output = text


class MissingOutputs(ActionFailed):
    """An action ended well without making everything it declared."""

    def __init__(self, action: Action, missing: Iterable[Artifact], *, output: str = "") -> None:
        self.missing = tuple(missing)
        lines = "".join(f"\n  {artifact.exec_path}" for artifact in self.missing)
        super().__init__(
            action,
            f"these declared outputs were not made:{lines}",
            output=output,
            hint="every declared output must exist when the action ends",
        )


class RunsElsewhere(ActionFailed):
    """An action would have to run, and its execution platform is another machine than this one."""

    def __init__(self, action: Action, other: OtherMachine) -> None:
        super().__init__(action, told(other), hint=HINT_ELSEWHERE)


def told(other: OtherMachine) -> str:
    """What keeps an action from running on this machine, as part of a sentence."""
    facts = ", ".join(f"it has `{value}`, and this machine has `{here}`" for value, here in other.contradictions)
    return f"it runs on execution platform `{other.platform}`, which is not this machine ({facts}; {other.reason})"


HINT_ELSEWHERE: Final = (
    "name a platform that this machine is in `--extra_execution_platforms`, or register it before the other one; what "
    "needs the other one can only be built there"
)


class DependencyCycle(InternalError):
    """Actions need each other's outputs."""

    def __init__(self, actions: Iterable[Action]) -> None:
        lines = [f"{action.mnemonic} of `{action.owner}`" for action in actions]
        super().__init__("actions need each other's outputs:\n" + "\n".join(f"  {line}" for line in lines))


def tail(output: str) -> str:
    """The end of a long text, in whole lines where possible."""
    text = output.rstrip("\n")
    cut = text[-_TAIL_CHARACTERS:]
    lines = cut.split("\n")
    kept = lines[-_TAIL_LINES:]
    left_out = text.count("\n") + 1 - len(kept)
    return "\n".join(([f"[{left_out} lines left out]"] if left_out else []) + kept)


def _command(action: Action) -> str:
    if not isinstance(action, Spawn) or not isinstance(action.argv, tuple):
        return ""
    text = shlex.join(action.argv)
    return text if len(text) <= _COMMAND_CHARACTERS else text[:_COMMAND_CHARACTERS] + " …"
