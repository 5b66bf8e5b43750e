from __future__ import annotations

import io
import threading

import pytest

from venvship.events.build_events import (
    ActionFinished,
    ActionSource,
    ActionStarted,
    Event,
    Message,
    PhaseProgress,
    PhaseStarted,
    Severity,
    TransferFailed,
    TransferFinished,
    TransferProgress,
    TransferStarted,
)
from venvship.events.build_events import TestFinished as Finished
from venvship.events.build_events import TestStatus as Status
from venvship.model.label import Label, PackageId
from venvship.ui.plain import PlainLog

LABEL = Label(PackageId("", "p"), "t")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def shown(*events: Event, colour: bool = False, progress: bool = True) -> str:
    stream = io.StringIO()
    log = PlainLog(stream, colour=colour, progress=progress, clock=Clock())
    for event in events:
        log.emit(event)
    log.close()
    return stream.getvalue()


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Message(Severity.INFO, "hello"), "INFO: hello\n"),
        (Message(Severity.ERROR, "a\nb"), "ERROR: a\nb\n"),
        (Message(Severity.DEBUG, "defs.bzl:1:2: x"), "DEBUG: defs.bzl:1:2: x\n"),
        (TransferStarted("numpy", 10), ""),
        (TransferProgress("numpy", 5), ""),
        (TransferFinished("numpy", 16_000_000), "Fetched numpy (16.0 MB)\n"),
        (TransferFailed("numpy"), ""),
        (ActionStarted("Install", "Installing numpy"), ""),
        (ActionFinished("Install", "Installing numpy", ActionSource.RUN, 1.0), ""),
        (
            ActionFinished("Gen", "Running //p:g", ActionSource.RUN, 1.0, "warn\n\n"),
            "INFO: From Running //p:g:\nwarn\n",
        ),
        (Finished(LABEL, Status.PASSED, False, 0.1, ""), ""),
        (Finished(LABEL, Status.FAILED, False, 0.14, "/log"), "FAIL: //p:t in 0.1s (see /log)\n"),
        (Finished(LABEL, Status.TIMEOUT, False, 60.0, "/log"), "TIMEOUT: //p:t in 60.0s (see /log)\n"),
    ],
)
def test_an_event_is_a_line_or_nothing(event: Event, line: str) -> None:
    assert shown(event) == line


@pytest.mark.parametrize(
    ("phase", "progress", "line"),
    [
        ("execution", PhaseProgress(12, 40, "Installing numpy 2.1.0"), "[12 / 40] Installing numpy 2.1.0\n"),
        ("execution", PhaseProgress(1200, 4000), "[1,200 / 4,000] Building\n"),
        ("loading", PhaseProgress(3, None, "//app"), "[3] Loading: //app\n"),
        ("analysis", PhaseProgress(1, 2, "//app:x"), "[1 / 2] Analyzing: //app:x\n"),
        ("other", PhaseProgress(1, 2), "[1 / 2] Other\n"),
    ],
)
def test_progress_says_how_far_and_what(phase: str, progress: PhaseProgress, line: str) -> None:
    assert shown(PhaseStarted(phase), progress) == line


def test_progress_comes_at_a_modest_rate() -> None:
    stream, clock = io.StringIO(), Clock()
    log = PlainLog(stream, seconds_between_lines=2.0, clock=clock)
    log.emit(PhaseStarted("execution", 100))
    for step in range(100):
        log.emit(PhaseProgress(step, 100, f"step {step}"))
        clock.now += 0.125
    assert stream.getvalue().splitlines() == [f"[{n} / 100] step {n}" for n in range(0, 100, 16)]


def test_the_same_progress_is_not_said_twice() -> None:
    stream, clock = io.StringIO(), Clock()
    log = PlainLog(stream, seconds_between_lines=0.0, clock=clock)
    for _ in range(3):
        log.emit(PhaseProgress(1, 2, "x"))
    assert stream.getvalue().count("\n") == 1


def test_progress_can_be_turned_off_and_messages_can_not() -> None:
    text = shown(PhaseProgress(1, 2, "x"), TransferFinished("y", 1), Message(Severity.WARNING, "z"), progress=False)
    assert text == "WARNING: z\n"


def test_only_the_word_is_coloured() -> None:
    assert shown(Message(Severity.WARNING, "odd"), colour=True) == "\033[35mWARNING:\033[0m odd\n"


def test_lines_of_several_threads_stay_whole() -> None:
    stream = io.StringIO()
    log = PlainLog(stream)

    def talk(name: str) -> None:
        for _ in range(200):
            log.emit(Message(Severity.INFO, name * 20))

    threads = [threading.Thread(target=talk, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    with log.aside():
        stream.write("between\n")
    for thread in threads:
        thread.join()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 801
    assert {line for line in lines if line != "between"} == {f"INFO: {name * 20}" for name in "abcd"}
