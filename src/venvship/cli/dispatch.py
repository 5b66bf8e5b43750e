"""From words to an exit code: reads rc files, parses flags, runs the command, reports what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from venvship.cli.apparent_names import ApparentNames
from venvship.cli.command_line import (
    BadFlagValue,
    SplitWords,
    UnknownCommand,
    parse_command,
    parse_startup,
    split_words,
)
from venvship.cli.commands import command_names, overview
from venvship.cli.exit_codes import ExitCode
from venvship.cli.flag_aliases import flag_aliases
from venvship.cli.invocation import Invocation, workspace_of
from venvship.cli.rc_files import host_config, rc_files
from venvship.cli.report import exit_code, print_error
from venvship.cli.surroundings import Surroundings
from venvship.cli.version import version_text
from venvship.loading.bazelrc import SECTIONS, RcFiles
from venvship.loading.nearest import did_you_mean
from venvship.ui.choice import choose_display


def dispatch(argv: Sequence[str], surroundings: Surroundings) -> int:
    """Run the command that `argv` names; never raises."""
    names = ApparentNames()
    try:
        return _run(split_words(argv), surroundings, names)
    except BaseException as error:
        choice = choose_display(is_terminal=surroundings.stderr.isatty(), environment=surroundings.environment)
        print_error(error, surroundings.stderr, colour=choice.colour, names=names)
        return exit_code(error)


def _run(words: SplitWords, surroundings: Surroundings, names: ApparentNames) -> int:
    flags = words.rest[: words.rest.index("--")] if "--" in words.rest else words.rest
    if words.command in ("", "help") or "--help" in flags or "-h" in flags:
        return _help(words, surroundings)
    if words.command not in command_names():
        raise UnknownCommand(words.command, command_names())
    before = parse_startup((), words.startup)
    workspace = workspace_of(surroundings.cwd)
    if words.command == "version":
        files = RcFiles()
    else:
        files = rc_files(before.flags, surroundings.environment, workspace=workspace, cwd=surroundings.cwd)
        before = parse_startup(files.startup_options(), words.startup)
    options = files.options_for(words.command, words.rest, host_config=host_config())
    line = parse_command(words.command, options, aliases=lambda: flag_aliases(workspace))
    line = replace(line, warnings=(*files.warnings, *_unknown_sections(files), *before.warnings, *line.warnings))
    invocation = Invocation(words.command, line, before.flags, surroundings, workspace, names)
    try:
        if surroundings.stamp is not None and surroundings.stamp.place.stamp is not None:
            from venvship.cli.resumed import resumed

            code = resumed(invocation)
            if code is not None:
                return code
        return _command(words.command)(invocation)
    except BadFlagValue as error:
        raise error.at(line.flags.places.get(error.flag)) from None


def _unknown_sections(files: RcFiles) -> Iterator[str]:
    """Warnings about lines for commands that nobody has. Commands of Bazel's that are not ours are known."""
    known = sorted({*command_names(), *SECTIONS})
    for place, name in {line.command: (line.place, line.command) for line in reversed(files.lines)}.values():
        if name not in known:
            hint = did_you_mean(name, known)
            yield f"{place}: `{name}` is not a command, so its options have no effect" + (f"; {hint}" if hint else "")


def _command(name: str) -> Callable[[Invocation], int]:
    """The function of a command; each is imported only when it is the one."""
    match name:
        case "build":
            from venvship.cli.build import build

            return build
        case "run":
            from venvship.cli.run import run

            return run
        case "test" | "coverage":
            from venvship.cli.test import test

            return test
        case "query":
            from venvship.cli.query import query

            return query
        case "image":
            from venvship.cli.image import image

            return image
        case "lock":
            from venvship.cli.lock import lock

            return lock
        case "sync":
            from venvship.cli.sync import sync

            return sync
        case "info":
            from venvship.cli.info import info

            return info
        case "clean":
            from venvship.cli.clean import clean

            return clean
        case "version":
            return _version
        case _:
            raise UnknownCommand(name, command_names())


def _version(invocation: Invocation) -> int:
    invocation.surroundings.stdout.write(version_text() + "\n")
    return ExitCode.SUCCESS


def _help(words: SplitWords, surroundings: Surroundings) -> int:
    topic = words.command if words.command not in ("", "help") else next(iter(words.rest), "")
    if not topic or topic.startswith("-"):
        surroundings.stdout.write(overview() + "\n")
    else:
        from venvship.cli.help import help_page

        surroundings.stdout.write(help_page(topic) + "\n")
    return ExitCode.SUCCESS
