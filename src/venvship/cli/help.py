"""What `help COMMAND` says, and the page `docs/commands.md`: both are the flag table in another form."""

from __future__ import annotations

from collections.abc import Iterable

from venvship.cli.command_line import UnknownCommand
from venvship.cli.commands import COMMANDS, command_names
from venvship.cli.exit_codes import ExitCode
from venvship.cli.flag_table import FOREIGN_PREFIXES, flags_of
from venvship.cli.flags import STARTUP, Effect, Flag

_EXIT_CODES = (
    (ExitCode.SUCCESS, "success"),
    (ExitCode.BUILD_FAILED, "something could not be built, or a target pattern names nothing"),
    (ExitCode.BAD_COMMAND_LINE, "the command line or an rc file is wrong, or there is no workspace"),
    (ExitCode.TESTS_FAILED, "everything was built and a test failed; `query --keep_going`: part of the answer"),
    (ExitCode.NO_TESTS, "tests were asked for and there are none"),
    (ExitCode.QUERY_FAILED, "the query could not be answered"),
    (ExitCode.INTERRUPTED, "interrupted"),
    (ExitCode.LOCK_HELD, "another command works in the workspace, and `--noblock_for_lock` was given"),
    (ExitCode.OUT_OF_MEMORY, "out of memory"),
    (ExitCode.ENVIRONMENT, "the machine or the network must change"),
    (ExitCode.INTERNAL_ERROR, "a fault of venvship"),
)


def help_page(topic: str) -> str:
    """The flags of a command, or of `startup`."""
    if topic not in (*command_names(), STARTUP):
        raise UnknownCommand(topic, (*command_names(), STARTUP))
    lines = []
    for name, words, summary in COMMANDS:
        if name == topic:
            lines += [f"Usage: venvship {name} {words}".rstrip(), "", f"{summary[0].upper()}{summary[1:]}.", ""]
    flags = flags_of(topic).values()
    for title, effect in (("Flags:", Effect.WORKS), ("Refused:", Effect.REFUSED)):
        chosen = _sorted(flags, effect)
        if chosen:
            lines.append(title)
            for flag in chosen:
                lines += [f"  {flag.spelling}", f"      {_explanation(flag)}"]
            lines.append("")
    idle = _sorted(flags, Effect.NONE)
    if idle:
        lines.append("Accepted, no effect:")
        lines += _filled(", ".join(f"--{flag.name}" for flag in idle), width=100, indent="  ")
        lines.append("")
    return "\n".join(lines).rstrip()


def commands_document() -> str:
    """The text of `docs/commands.md`."""
    lines = [
        "# Commands",
        "",
        "`venvship [STARTUP OPTIONS] COMMAND [OPTIONS] [TARGETS]`, from any directory of a workspace. Flags are "
        "written `--flag=value` or `--flag value`, `--flag` and `--noflag`; after `--` nothing is a flag. rc files "
        "(`.bazelrc`) give options to commands without being asked. A flag nobody knows is an error on the command "
        "line and a warning in an rc file.",
        "",
        "| command | what it does |",
        "|---|---|",
    ]
    for name, words, summary in COMMANDS:
        usage = f"{name} {words}".strip().replace("|", "\\|")  # a bar ends a cell, even in code
        lines.append(f"| `{usage}` | {summary} |")
    lines += ["", "## Exit codes", "", "| code | meaning |", "|---|---|"]
    lines += [f"| {int(code)} | {meaning} |" for code, meaning in _EXIT_CODES]
    lines += ["", "`run` gives the exit code of the program.", ""]
    for command in (STARTUP, *command_names()):
        lines += _command_section(command)
    return "\n".join(lines).rstrip() + "\n"


def _command_section(command: str) -> list[str]:
    flags = flags_of(command).values()
    shown = [flag for flag in _sorted(flags, Effect.WORKS) if not _is_common(flag, command)]
    refused = [flag for flag in _sorted(flags, Effect.REFUSED) if not _is_common(flag, command)]
    idle = [flag for flag in _sorted(flags, Effect.NONE) if not _is_common(flag, command)]
    if not (shown or refused or idle):
        return []
    lines = [f"## {_title(command)}", ""]
    if shown:
        lines += ["| flag | default | meaning |", "|---|---|---|"]
        lines += [
            f"| `{_cell(flag.spelling)}` | {f'`{flag.default}`' if flag.default else ''} | {_explanation(flag)} |"
            for flag in shown
        ]
        lines.append("")
    if refused:
        lines += ["Refused on the command line, ignored with a warning in rc files:", ""]
        lines += [f"- `--{flag.name}`: {flag.reason}" for flag in refused]
        lines.append("")
    if idle:
        names = ", ".join(f"`--{flag.name}`" for flag in idle)
        lines += [*_filled(f"Accepted, no effect: {names}.", width=120), ""]
    if command == "build":
        prefixes = ", ".join(f"`--{prefix}*`" for prefix in FOREIGN_PREFIXES)
        lines += [f"In rc files {prefixes} are accepted and have no effect.", ""]
    return lines


def _title(command: str) -> str:
    if command == STARTUP:
        return "Startup options, before the command"
    if command == "build":
        return "`build`, and with it `run`, `test`, `coverage`, `image`, `info`, `clean`"
    return f"`{command}`"


def _is_common(flag: Flag, command: str) -> bool:
    """Whether the section of an earlier command lists the flag already."""
    return command not in (STARTUP, "build") and "build" in flag.commands


def _sorted(flags: Iterable[Flag], effect: Effect) -> list[Flag]:
    return sorted((flag for flag in flags if flag.effect is effect), key=lambda flag: flag.name)


def _explanation(flag: Flag) -> str:
    return f"{flag.help}: {flag.reason}" if flag.effect is Effect.REFUSED and flag.help else flag.help or flag.reason


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _filled(text: str, *, width: int, indent: str = "") -> list[str]:
    import textwrap

    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
