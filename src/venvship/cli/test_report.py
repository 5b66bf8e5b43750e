"""Results of tests: their logs while they finish, a line for each of them at the end, and the summary."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from venvship.cli.invocation import Invocation
from venvship.events.build_events import Event, TestFinished, TestStatus
from venvship.model.label import Label
from venvship.ui.choice import choose_display
from venvship.ui.display import Display, TextOutput
from venvship.ui.messages import bad, good, seconds

_GOOD = frozenset({TestStatus.PASSED, TestStatus.FLAKY})
_RAN = _GOOD | {TestStatus.FAILED, TestStatus.TIMEOUT}
_WIDTH = 80
_MAX_LOG_BYTES = 16 << 20


class TestLogs:
    """Passes events on, and shows the log of a test as soon as it is finished, if that is wanted."""

    def __init__(self, display: Display, stdout: TextOutput, output: str) -> None:
        self._display = display
        self._stdout = stdout
        self._output = output
        self._shown: set[Label] = set()
        self._lock = threading.Lock()

    def emit(self, event: Event) -> None:
        self._display.emit(event)
        if isinstance(event, TestFinished):
            self.show(event)

    def show(self, result: TestFinished) -> None:
        """Print the log of a test, once."""
        wanted = self._output in ("all", "streamed") or (self._output == "errors" and result.status not in _GOOD)
        if not wanted or result.status not in _RAN:
            return
        with self._lock:
            if result.label in self._shown:
                return
            self._shown.add(result.label)
            with self._display.aside():
                title = f"{'=' * 20} Test output for {result.label}:"
                self._stdout.write(f"{title}\n{_log_text(result.log)}{'=' * 80}\n")
                self._stdout.flush()


def print_results(results: Sequence[TestFinished], invocation: Invocation) -> None:
    """The lines that people and scripts read, on stdout."""
    summary = invocation.flags.text("test_summary")
    if not results or summary == "none":
        return
    stdout = invocation.surroundings.stdout
    is_terminal = stdout.isatty()
    colour = choose_display(
        is_terminal=is_terminal,
        environment=invocation.surroundings.environment,
        color=invocation.flags.text("color"),
    ).colour
    for result in results:
        if summary != "terse" or result.status is not TestStatus.PASSED:
            stdout.write(result_line(result, colour=colour, width=_WIDTH if is_terminal else 0) + "\n")
    stdout.write(f"\n{summary_line(results)}\n")


def result_line(result: TestFinished, *, colour: bool = False, width: int = 0) -> str:
    """`//p:fail FAILED in 0.1s` and the log on the next line; `width` aligns the ends of the lines."""
    cached = "(cached) " if result.cached else ""
    took = f" in {seconds(result.seconds)}" if result.status in _RAN else ""
    text = f"{cached}{result.status.value}{took}"
    space = " " * max(width - len(str(result.label)) - len(text), 1)
    shown = good(text, colour=colour) if result.status in _GOOD else bad(text, colour=colour)
    lines = [f"{result.label}{space}{shown}"]
    if result.log and result.status in (TestStatus.FAILED, TestStatus.TIMEOUT, TestStatus.FLAKY):
        lines.append(f"  {result.log}")
    return "\n".join(lines)


def summary_line(results: Sequence[TestFinished]) -> str:
    """`Executed 2 out of 3 tests: 1 test passes and 2 fail locally.`"""
    executed = sum(1 for result in results if result.status in _RAN and not result.cached)
    total = len(results)
    passed = sum(1 for result in results if result.status in _GOOD)
    not_built = sum(1 for result in results if result.status is TestStatus.FAILED_TO_BUILD)
    failed = sum(1 for result in results if result.status in (TestStatus.FAILED, TestStatus.TIMEOUT))
    skipped = sum(1 for result in results if result.status is TestStatus.NO_STATUS)
    parts = []
    if passed:
        parts.append("1 test passes" if passed == 1 else f"{passed} tests pass")
    for count, one, many in (
        (not_built, "fails to build", "fail to build"),
        (failed, "fails locally", "fail locally"),
        (skipped, "was skipped", "were skipped"),
    ):
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
    told = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return f"Executed {executed} out of {total} test{'' if total == 1 else 's'}: {told}."


def _log_text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MAX_LOG_BYTES + 1)
    except OSError as error:
        return f"(the log can't be read: {error.strerror})\n"
    text = data[:_MAX_LOG_BYTES].decode("utf-8", "replace")
    if len(data) > _MAX_LOG_BYTES:
        text += f"\n(the rest is in {path})"
    return text if not text or text.endswith("\n") else f"{text}\n"
