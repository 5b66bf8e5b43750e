"""One command, ready to run: what was asked, by whom, and where."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import field, replace
from pathlib import Path

from venvship.cli.apparent_names import ApparentNames, NamingEvents
from venvship.cli.attempt import Attempt
from venvship.cli.command_line import BadFlagValue, CommandLine
from venvship.cli.flag_values import FlagValues
from venvship.cli.report import print_error
from venvship.cli.session_options import session_options
from venvship.cli.surroundings import Session, Surroundings
from venvship.dataclass import dataclass
from venvship.events.build_events import EventSink, Message, Severity
from venvship.loading.disk_files import DiskFiles
from venvship.loading.workspace import find_uv_workspace, find_workspace
from venvship.model.label import MAIN_REPOSITORY, PackageId
from venvship.ui.choice import DisplayChoice, choose_display, open_display
from venvship.ui.display import Display


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command with its flags; `workspace` is None where there is none."""

    command: str
    line: CommandLine
    startup: FlagValues
    surroundings: Surroundings
    workspace: Path | None
    names: ApparentNames = field(default_factory=ApparentNames)
    attempt: Attempt = field(default_factory=Attempt)

    @property
    def flags(self) -> FlagValues:
        return self.line.flags

    @property
    def words(self) -> tuple[str, ...]:
        return self.line.words

    @property
    def warnings(self) -> tuple[Message, ...]:
        """What is odd about the rc files and flags."""
        return tuple(Message(Severity.WARNING, warning) for warning in self.line.warnings)

    @property
    def display_choice(self) -> DisplayChoice:
        return choose_display(
            is_terminal=self.surroundings.stderr.isatty(),
            environment=self.surroundings.environment,
            color=self.flags.text("color"),
            curses=self.flags.text("curses"),
        )

    @property
    def colour(self) -> bool:
        return self.display_choice.colour

    @contextlib.contextmanager
    def display(self) -> Iterator[Display]:
        """Show what happens while this lasts; begins with what is odd about the rc files."""
        display = open_display(
            self.surroundings.stderr,
            self.display_choice,
            progress=self.flags.boolean("show_progress"),
            seconds_between_lines=_seconds(self.flags.text("show_progress_rate_limit")),
        )
        try:
            for warning in self.warnings:
                if not self.attempt.has_told(warning):
                    display.emit(warning)
            yield display
        finally:
            display.close()

    @property
    def collects_coverage(self) -> bool:
        return self.command == "coverage" or self.flags.boolean("collect_code_coverage")

    @contextlib.contextmanager
    def session(self, events: EventSink, *, read_only: bool = False) -> Iterator[Session]:
        surroundings = self.surroundings
        options = replace(session_options(self.startup, self.line), read_only=read_only)
        if self.command == "coverage":
            options = replace(options, coverage=True)
        with surroundings.open_session(surroundings.cwd, options, NamingEvents(events, self.names)) as session:
            yield session

    def print_error(self, error: BaseException) -> None:
        """Print an error, or several, in the names that the workspace has."""
        print_error(error, self.surroundings.stderr, colour=self.colour, names=self.names)

    def package_here(self, session: Session) -> PackageId:
        """The package that the current directory would be; relative patterns start there."""
        return PackageId(MAIN_REPOSITORY, relative_directory(self.surroundings.cwd, session.root))


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise BadFlagValue("show_progress_rate_limit", f"is a number of seconds, not `{text}`") from error


def workspace_of(directory: Path) -> Path | None:
    """The workspace that a directory is in, by either kind of root."""
    files = DiskFiles()
    found = find_workspace(str(directory), files) or find_uv_workspace(str(directory), files)
    return None if found is None else Path(found)


def relative_directory(directory: Path, root: Path) -> str:
    """The path from `root` to `directory` with `/` between segments, whichever links lead to either of them."""
    for inner, outer in ((directory, root), (Path(os.path.realpath(directory)), Path(os.path.realpath(root)))):
        if inner.is_relative_to(outer):
            path = inner.relative_to(outer).as_posix()
            return "" if path == "." else path
    return ""
