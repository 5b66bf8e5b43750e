"""Results of tests: their logs while they finish, a line for each of them at the end, and the summary."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from venvship.cli.exit_codes import ExitCode
from venvship.cli.invocation import Invocation
from venvship.dataclass import dataclass
from venvship.events.build_events import Event, TestFinished, TestLog, TestPrinted, TestStatus
from venvship.model.label import Label
from venvship.ui.choice import choose_display
from venvship.ui.display import Display, TextOutput
from venvship.ui.messages import bad, good, seconds

_GOOD = frozenset({TestStatus.PASSED, TestStatus.FLAKY})
_RAN = _GOOD | {TestStatus.FAILED, TestStatus.TIMEOUT}
_WIDTH = 80
_LONGEST_LINE = 64 << 10
_MAX_LOG_BYTES = 16 << 20
_END = "=" * 80 + "\n"


@dataclass(frozen=True, slots=True)
class _TitledLog:
    label: Label
    log: TestLog


class TestLogs:
    """Passes events on, and shows the logs of a test when it is finished or while they grow, if that is wanted."""

    def __init__(self, display: Display, stdout: TextOutput, output: str, *, whole_lines: bool = False) -> None:
        """With `whole_lines` the beginning of a line waits for its end, as it must where something is drawn below."""
        self._display = display
        self._whole_lines = whole_lines
        self._stdout = stdout
        self._output = output
        self._shown: set[Label] = set()
        # The attempt whose output is being followed, by test, and what came after its last whole line.
        self._followed: dict[Label, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def emit(self, event: Event) -> None:
        if isinstance(event, TestPrinted):
            self._stream(event)
            return
        self._display.emit(event)
        if isinstance(event, TestFinished):
            self.show(event)

    def show(self, result: TestFinished) -> None:
        """Print the logs of a test, once; of those that were followed, only that this is all."""
        if result.status not in _RAN:
            return
        with self._lock:
            if result.label in self._shown:
                return
            self._shown.add(result.label)
            if result.label in self._followed:
                self._write(self._line_end(result.label) + _END)
            elif logs := self._wanted(result):
                self._write("".join(map(_log_page, logs)))

    def _wanted(self, result: TestFinished) -> list[_TitledLog]:
        logs = result.logs or (TestLog(result.log, "", result.status in _GOOD, result.seconds),)
        if self._output not in ("all", "streamed", "errors"):
            return []
        return [_TitledLog(result.label, log) for log in logs if self._output != "errors" or not log.passed]

    def _stream(self, event: TestPrinted) -> None:
        with self._lock:
            name, begun = self._followed.get(event.label, (None, ""))
            before = ""
            if name != event.name:
                before = self._line_end(event.label) + _title(event.label, event.name)
                begun = ""
            lines, newline, rest = f"{begun}{event.text}".rpartition("\n")
            if len(rest) > _LONGEST_LINE:
                newline, rest = newline + rest, ""
            self._followed[event.label] = (event.name, rest if self._whole_lines else rest[-1:])
            text = before + (f"{lines}{newline}" if self._whole_lines else event.text)
            if text:
                self._write(text)

    def _line_end(self, label: Label) -> str:
        """What is left to write of a line that a test has begun."""
        _, begun = self._followed.get(label, ("", ""))
        return f"{begun if self._whole_lines else ''}\n" if begun else ""

    def _write(self, text: str) -> None:
        with self._display.aside():
            self._stdout.write(text)
            self._stdout.flush()


def code_of_results(results: Sequence[TestFinished]) -> ExitCode:
    """What the results of tests mean for who called."""
    statuses = {result.status for result in results}
    if TestStatus.FAILED_TO_BUILD in statuses:
        return ExitCode.BUILD_FAILED
    return ExitCode.SUCCESS if statuses <= _GOOD else ExitCode.TESTS_FAILED


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
    """`//p:fail FAILED in 0.1s` and the logs below it; `width` aligns the ends of the lines."""
    cached = "(cached) " if result.cached else ""
    took = f" in {seconds(result.seconds)}" if result.status in _RAN else ""
    text = f"{cached}{result.status.value}{_failed_attempts(result)}{took}"
    space = " " * max(width - len(str(result.label)) - len(text), 1)
    shown = good(text, colour=colour) if result.status in _GOOD else bad(text, colour=colour)
    lines = [f"{result.label}{space}{shown}"]
    if len(result.logs) > 1:
        lines.append(f"  {_statistics([log.seconds for log in result.logs])}")
    if result.status in (TestStatus.FAILED, TestStatus.TIMEOUT, TestStatus.FLAKY):
        logs = [log.path for log in result.logs if not log.passed] or [result.log]
        lines += [f"  {log}" for log in logs if log]
    return "\n".join(lines)


def _failed_attempts(result: TestFinished) -> str:
    """` in 2 out of 3` for a test that was run more than once and did not always pass."""
    failed, total = sum(not log.passed for log in result.logs), len(result.logs)
    if total < 2 or not failed:
        return ""
    return f"{', failed' if result.status is TestStatus.FLAKY else ''} in {failed} out of {total}"


def _statistics(times: Sequence[float]) -> str:
    """What many runs took, with the standard deviation."""
    average = sum(times) / len(times)
    deviation = (sum((time - average) ** 2 for time in times) / len(times)) ** 0.5
    facts = {"max": max(times), "min": min(times), "avg": average, "dev": deviation}
    return f"Stats over {len(times)} runs: " + ", ".join(f"{name} = {seconds(fact)}" for name, fact in facts.items())


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


def _title(label: Label, name: str) -> str:
    """
    >>> from venvship.model.label import PackageId
    >>> _title(Label(PackageId("", "p"), "t"), "shard 1 of 3")
    '==================== Test output for //p:t (shard 1 of 3):\\n'
    """
    return f"{'=' * 20} Test output for {label}{f' ({name})' if name else ''}:\n"


def _log_page(log: _TitledLog) -> str:
    return f"{_title(log.label, log.log.name)}{_log_text(log.log.path)}{_END}"


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
