"""The live display on a pseudo terminal, and what is left on the screen when it is closed."""

from __future__ import annotations

import os
import pty
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from venvship.events.build_events import (
    ActionFinished,
    ActionSource,
    ActionStarted,
    Message,
    PhaseProgress,
    PhaseStarted,
    Severity,
    TransferFinished,
    TransferProgress,
    TransferStarted,
)
from venvship.ui.terminal import LiveTerminal

_CONTROL = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")


@dataclass
class Screen:
    """As much of a terminal as it takes to know what a user sees at the end."""

    lines: list[list[str]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0
    cursor_shown: bool = True

    def feed(self, text: str) -> None:
        position = 0
        while position < len(text):
            match = _CONTROL.match(text, position)
            if match:
                self._control(match[1], match[2])
                position = match.end()
                continue
            self._character(text[position])
            position += 1

    def _control(self, argument: str, kind: str) -> None:
        match kind:
            case "A":
                self.row = max(self.row - int(argument or 1), 0)
            case "K":
                self.lines[self.row] = [] if argument == "2" else self.lines[self.row][: self.column]
            case "h" | "l" if argument == "?25":
                self.cursor_shown = kind == "h"

    def _character(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            self.column = 0
            if self.row == len(self.lines):
                self.lines.append([])
        else:
            line = self.lines[self.row]
            line.extend(" " * (self.column - len(line)))
            line[self.column : self.column + 1] = [character]
            self.column += 1

    def text(self) -> list[str]:
        lines = ["".join(line).rstrip() for line in self.lines]
        while lines and not lines[-1]:
            lines.pop()
        return lines


@dataclass
class Terminal:
    """A pseudo terminal whose other side is read by a thread."""

    stream: TextIO
    received: bytearray = field(default_factory=bytearray)

    def screen(self) -> Screen:
        screen = Screen()
        screen.feed(self.received.decode())
        return screen


@contextmanager
def pseudo_terminal() -> Iterator[Terminal]:
    """Everything is received when this is left."""
    leader, follower = pty.openpty()
    stream = os.fdopen(follower, "w", buffering=1)
    terminal = Terminal(stream)

    def read() -> None:
        while True:
            try:
                data = os.read(leader, 4096)
            except OSError:
                return
            if not data:
                return
            terminal.received.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield terminal
    finally:
        stream.close()
        reader.join()
        os.close(leader)


def test_lines_stay_and_the_drawing_goes() -> None:
    with pseudo_terminal() as terminal:
        display = LiveTerminal(terminal.stream, colour=False)
        display.emit(PhaseStarted("execution", 40))
        display.emit(PhaseProgress(12, 40, "Installing numpy 2.1.0"))
        display.emit(ActionStarted("Install", "Installing numpy 2.1.0"))
        display.emit(Message(Severity.INFO, "a line that stays"))
        display.emit(TransferStarted("torch-2.6.0.whl", 100_000_000))
        display.emit(TransferProgress("torch-2.6.0.whl", 50_000_000))
        display.emit(Message(Severity.WARNING, "[brackets] are text"))
        display.emit(TransferFinished("torch-2.6.0.whl", 100_000_000))
        display.emit(ActionFinished("Install", "Installing numpy 2.1.0", ActionSource.RUN, 1.0, "printed\n"))
        display.close()
    screen = terminal.screen()
    assert screen.text() == [
        "INFO: a line that stays",
        "WARNING: [brackets] are text",
        "Fetched torch-2.6.0.whl (100.0 MB)",
        "INFO: From Installing numpy 2.1.0:",
        "printed",
    ]
    assert screen.cursor_shown


def test_what_goes_on_is_drawn() -> None:
    with pseudo_terminal() as terminal:
        display = LiveTerminal(terminal.stream, colour=False)
        display.emit(PhaseStarted("execution", 40))
        display.emit(PhaseProgress(12, 40, "Installing numpy 2.1.0"))
        for number in range(12):
            display.emit(ActionStarted("Install", f"Installing package {number}"))
        display.emit(TransferStarted("torch-2.6.0.whl", 100_000_000))
        display.emit(TransferProgress("torch-2.6.0.whl", 50_000_000))
        display.emit(TransferStarted("unknown.whl", None))
        # A line makes it draw at once, without waiting for the next frame.
        display.emit(Message(Severity.INFO, "now"))
        display.close()
    text = terminal.received.decode()
    assert "[12 / 40] Installing numpy 2.1.0" in text
    assert "Installing package 0; 0s" in text
    assert "and 4 more" in text
    assert "torch-2.6.0.whl" in text
    assert "50.0 MB of 100.0 MB" in text
    assert terminal.screen().text() == ["INFO: now"]


def test_others_may_write_aside() -> None:
    with pseudo_terminal() as terminal:
        display = LiveTerminal(terminal.stream, colour=False)
        display.emit(PhaseStarted("execution"))
        with display.aside():
            terminal.stream.write("from elsewhere\n")
            display.emit(Message(Severity.INFO, "inside"))
        display.emit(Message(Severity.INFO, "after"))
        display.close()
        display.close()
    assert terminal.screen().text() == ["from elsewhere", "INFO: inside", "INFO: after"]


def test_colour_is_a_choice() -> None:
    for colour in (True, False):
        with pseudo_terminal() as terminal:
            display = LiveTerminal(terminal.stream, colour=colour)
            display.emit(Message(Severity.ERROR, "red"))
            display.close()
        assert ("\x1b[1;31m" in terminal.received.decode() or "\x1b[31m" in terminal.received.decode()) == colour
        assert terminal.screen().text() == ["ERROR: red"]


def test_many_threads_and_the_drawing_do_not_block_each_other() -> None:
    with pseudo_terminal() as terminal:
        display = LiveTerminal(terminal.stream, colour=False)
        display.emit(PhaseStarted("execution", 400))

        def work(name: str) -> None:
            for number in range(100):
                display.emit(ActionStarted("Work", f"{name}{number}"))
                display.emit(PhaseProgress(number, 400, name))
                display.emit(ActionFinished("Work", f"{name}{number}", ActionSource.RUN, 0.0))
                if number % 10 == 0:
                    display.emit(Message(Severity.INFO, f"{name}{number}"))
                if number % 50 == 0:
                    with display.aside():
                        pass

        threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(600)
        assert not any(thread.is_alive() for thread in threads)
        display.close()
    assert sorted(terminal.screen().text()) == sorted(f"INFO: {name}{n}" for name in "abcd" for n in range(0, 100, 10))
