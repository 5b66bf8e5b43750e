"""What events say in words, the same on every display."""

from __future__ import annotations

from venvship.events.build_events import ActionFinished, PhaseProgress, Severity, TestFinished, TestStatus
from venvship.ui.messages import bad, message, seconds

_PHASES = {"loading": "Loading", "analysis": "Analyzing", "fetching": "Fetching", "execution": "Building"}


def phase_title(phase: str) -> str:
    return _PHASES.get(phase, phase.capitalize())


def progress_line(phase: str, progress: PhaseProgress) -> str:
    """`[12 / 40] Installing numpy 2.1.0`; phases before execution say which they are."""
    count = f"[{progress.done:,} / {progress.total:,}]" if progress.total is not None else f"[{progress.done:,}]"
    title = "" if phase == "execution" and progress.detail else phase_title(phase)
    detail = progress.detail if not title or not progress.detail else f": {progress.detail}"
    return f"{count} {title}{detail}"


def action_output(event: ActionFinished, *, colour: bool) -> str | None:
    """What a finished action printed, with a line that says who did."""
    if not event.output.strip():
        return None
    head = message(Severity.INFO, f"From {event.description or event.mnemonic}:", colour=colour)
    return f"{head}\n{event.output.rstrip()}"


def failed_test(event: TestFinished, *, colour: bool) -> str | None:
    """A line for a test that did not pass, at the moment when it is known."""
    match event.status:
        case TestStatus.FAILED:
            word = "FAIL"
        case TestStatus.TIMEOUT:
            word = "TIMEOUT"
        case _:
            return None
    return f"{bad(word + ':', colour=colour)} {event.label} in {seconds(event.seconds)} (see {event.log})"
