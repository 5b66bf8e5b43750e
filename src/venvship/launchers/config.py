"""What a launcher does when it is started, as a value and as the bytes that the program reads.

The other half of the encoding is `source/config.h`, where it is described.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator
from typing import Self

from venvship.dataclass import dataclass
from venvship.launchers.errors import LauncherTooLarge, MalformedLauncherConfig

MAGIC = b"VSLAUNC1"
HEADER = struct.Struct("<8sIIII")
_EXPORT_RUNFILES = 1

# The longest single string that Linux passes to a program, with its NUL (MAX_ARG_STRLEN).
_LONGEST_TEXT = 128 * 1024
# Linux takes a quarter of the stack limit for arguments and environment together, 2 MiB unless that is changed; the
# user's own arguments and environment need room as well.
_LONGEST_CONFIG = 1024 * 1024


class ArgumentKind(enum.Enum):
    LITERAL = b"l"  # the text itself
    RUNFILE = b"r"  # a path below the runfiles directory
    SIBLING = b"s"  # a path seen from the directory of the program itself


class VariableMode(enum.Enum):
    SET = b"="
    DEFAULT = b"?"  # only when the variable is not set outside
    PREPEND_PATH = b"<"  # in front of what is set outside, with a colon between
    UNSET = b"-"


@dataclass(frozen=True, slots=True)
class Argument:
    """A text, or a path that becomes absolute when the program starts."""

    text: str
    kind: ArgumentKind = ArgumentKind.LITERAL

    @classmethod
    def runfile(cls, path: str) -> Self:
        return cls(path, ArgumentKind.RUNFILE)

    @classmethod
    def sibling(cls, path: str) -> Self:
        return cls(path, ArgumentKind.SIBLING)


@dataclass(frozen=True, slots=True)
class Variable:
    """A change of one environment variable; changes are made in order."""

    name: str
    value: Argument
    mode: VariableMode = VariableMode.SET

    @classmethod
    def of(cls, name: str, value: str, mode: VariableMode = VariableMode.SET) -> Self:
        return cls(name, Argument(value), mode)

    @classmethod
    def unset(cls, name: str) -> Self:
        return cls(name, Argument(""), VariableMode.UNSET)


@dataclass(frozen=True, slots=True)
class LauncherConfig:
    """The command line that a launcher executes, followed by the user's own arguments.

    `argv[0]` is the path that is executed, and it is passed on as it is found: CPython looks for `pyvenv.cfg` beside
    it. With `export_runfiles` the program and its children are told where the runfiles are.
    """

    argv: tuple[Argument, ...]
    environment: tuple[Variable, ...] = ()
    export_runfiles: bool = True

    def encode(self) -> bytes:
        """Raises MalformedLauncherConfig with everything that is wrong, or LauncherTooLarge."""
        problems = tuple(_problems(self))
        if problems:
            raise MalformedLauncherConfig(problems)
        records = [argument.kind.value + _text(argument.text) + b"\0" for argument in self.argv]
        records += [
            variable.mode.value + variable.value.kind.value + _text(f"{variable.name}={variable.value.text}") + b"\0"
            for variable in self.environment
        ]
        longest = max(map(len, records))
        if longest > _LONGEST_TEXT:
            raise LauncherTooLarge("an argument or variable of the launcher", size=longest, limit=_LONGEST_TEXT)
        size = HEADER.size + sum(map(len, records))
        if size > _LONGEST_CONFIG:
            raise LauncherTooLarge("the launcher's command line and environment", size=size, limit=_LONGEST_CONFIG)
        flags = _EXPORT_RUNFILES if self.export_runfiles else 0
        return HEADER.pack(MAGIC, size, flags, len(self.argv), len(self.environment)) + b"".join(records)


def _text(text: str) -> bytes:
    # Values that are not UTF-8 travel as surrogates, as everywhere in Python.
    return text.encode("utf-8", "surrogateescape")


def _problems(config: LauncherConfig) -> Iterator[str]:
    if not config.argv:
        yield "it is empty"
    elif config.argv[0].kind is ArgumentKind.LITERAL and not config.argv[0].text.startswith("/"):
        yield f"the program to execute, `{config.argv[0].text}`, is no absolute path"
    for argument in config.argv:
        yield from _argument_problems(argument, f"argument {argument.text!r}")
    for variable in config.environment:
        if not variable.name or "=" in variable.name or not _is_text(variable.name):
            yield f"{variable.name!r} is no name of an environment variable"
        yield from _argument_problems(variable.value, f"the value {variable.value.text!r} of {variable.name!r}")


def _argument_problems(argument: Argument, what: str) -> Iterator[str]:
    if not _is_text(argument.text):
        yield f"{what} holds a NUL or a character that is not text"
    match argument.kind:
        case ArgumentKind.RUNFILE:
            if any(part in ("", ".", "..") for part in argument.text.split("/")):
                yield f"{what} is no path below the runfiles directory"
        case ArgumentKind.SIBLING:
            if not argument.text or argument.text.startswith("/"):
                yield f"{what} is no path seen from the program's directory"
        case ArgumentKind.LITERAL:
            pass


def _is_text(text: str) -> bool:
    try:
        return b"\0" not in _text(text)
    except UnicodeEncodeError:
        return False
