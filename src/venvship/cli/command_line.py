"""Words of a command line and of rc files, turned into a command, flag values and targets.

`--flag value`, `--flag=value`, `--noflag`, `-k`, `-c opt`; flags and targets may be mixed; after `--` nothing is a
flag. `--//pkg:flag=value` and `--@repo//pkg:flag=value` are settings that rules define.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from venvship.cli.flag_table import FLAG_ALIAS, FOREIGN_PREFIXES, every_flag, flags_of
from venvship.cli.flag_values import NO, YES, FlagValues
from venvship.cli.flags import STARTUP, Effect, Flag, FlagKind
from venvship.dataclass import dataclass
from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.loading.bazelrc import RcOption
from venvship.loading.nearest import did_you_mean, nearest
from venvship.model.label import InvalidLabel, Label, PackageId

_ROOT = PackageId("", "")


class CommandLineError(UserError):
    """The words of the command, or of an rc file, do not say what to do."""


class UnknownFlag(CommandLineError):
    """A word looks like a flag and is none."""

    def __init__(self, text: str, command: str, names: Iterable[str]) -> None:
        name = text.lstrip("-").partition("=")[0]
        if text.startswith(("-//", "-@", "-:")):
            hint: str | None = "write `--` before the targets when some of them are subtracted"
        else:
            near = nearest(name, names, limit=1) or nearest(name.removeprefix("no"), names, limit=1)
            hint = f"did you mean `--{near[0]}`?" if near else f"`venvship help {command}` lists all flags"
            if command == "run":
                hint += "; what comes after `--` is for the program"
        super().__init__(f"`{text}` is not a flag", hint=hint)
        self.name = name


class FlagOfOtherCommand(CommandLineError):
    """A flag exists, and this command does not have it."""

    def __init__(self, flag: Flag, command: str) -> None:
        others = ", ".join(f"`{name}`" for name in flag.commands)
        where = "stands before the command" if flag.commands == (STARTUP,) else f"is for {others}"
        super().__init__(f"`--{flag.name}` is not a flag of `{command}`: it {where}")


class BadFlagValue(CommandLineError):
    """A flag has a value that it does not take, or none, or one too many."""

    def __init__(self, flag: str, problem: str, place: Place | None = None, hint: str | None = None) -> None:
        super().__init__(f"`--{flag}` {problem}", place=place, hint=hint)
        self.flag = flag
        self.problem = problem

    def at(self, place: Place | None) -> BadFlagValue:
        """The same for a flag that stands in an rc file."""
        return BadFlagValue(self.flag, self.problem, self.place or place, self.hint)


class RefusedFlag(CommandLineError):
    """A flag asks for something that is not done."""

    def __init__(self, flag: Flag) -> None:
        super().__init__(f"`--{flag.name}` is not supported: {flag.reason}")


class UnknownCommand(CommandLineError):
    """The first word is not a command."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"`{name}` is not a command", hint=did_you_mean(name, known) or "`venvship help` lists the commands"
        )


@dataclass(frozen=True, slots=True)
class SplitWords:
    """A command line before rc files are known: what stands before the command, the command, and the rest."""

    startup: tuple[str, ...]
    command: str
    rest: tuple[str, ...]


Aliases: TypeAlias = Callable[[], Mapping[str, str]]
"""Labels of settings by their short names."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A command as it was meant. `settings` are Starlark flags by label, with every value that they were given;
    `warnings` are about rc files, and about what is asked for in vain.

    `words` is everything that is no flag.
    """

    flags: FlagValues
    words: tuple[str, ...] = ()
    settings: Mapping[str, tuple[str | bool, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def split_words(argv: Sequence[str]) -> SplitWords:
    """Find the command: the first word that is neither a startup option nor the value of one."""
    table = flags_of(STARTUP)
    position = 0
    while position < len(argv) and argv[position].startswith("-"):
        flag = table.get(argv[position].lstrip("-"))
        position += 2 if flag is not None and flag.takes_value else 1
    startup = tuple(argv[:position])
    if position >= len(argv):
        return SplitWords(startup, "", ())
    return SplitWords(startup, argv[position], tuple(argv[position + 1 :]))


def parse_startup(rc_options: Iterable[RcOption], words: Iterable[str]) -> CommandLine:
    """The options before the command, those of rc files first."""
    parser = _Parser(STARTUP)
    parser.take((*rc_options, *(RcOption(word) for word in words)))
    line = parser.finish()
    if line.words:
        raise CommandLineError(f"`{line.words[0]}` is not a startup option")
    return line


def parse_command(command: str, options: Iterable[RcOption], *, aliases: Aliases = dict) -> CommandLine:
    """The options of a command, as rc files and command line give them with every `--config` replaced.

    `aliases` answers what the workspace calls its settings; it is asked about flags that are in no table. Raises
    SeveralErrors with everything that is wrong on the command line.
    """
    parser = _Parser(command, aliases)
    parser.take(tuple(options))
    return parser.finish()


class _Parser:
    def __init__(self, command: str, aliases: Aliases = dict) -> None:
        self._command = command
        self._aliases = aliases
        self._known_aliases: Mapping[str, str] | None = None
        self._given_aliases: dict[str, str] = {}
        self._table = flags_of(command)
        self._short = {flag.abbreviation: flag for flag in self._table.values() if flag.abbreviation}
        self._said: dict[str, list[str]] = {}
        self._places: dict[str, Place | None] = {}
        self._words: list[str] = []
        self._settings: dict[str, tuple[str | bool, ...]] = {}
        self._warnings: dict[str, str] = {}
        self._errors: list[VenvshipError] = []

    def take(self, options: Sequence[RcOption]) -> None:
        self._take_aliases(options)
        position = 0
        while position < len(options):
            option = options[position]
            position += 1
            text = option.text
            if text == "--":
                self._words.extend(one.text for one in options[position:])
                return
            if not text.startswith("-") or text == "-":
                self._take_word(option)
            elif text.startswith(("--//", "--@", "--no//", "--no@")):
                self._take_setting(option)
            else:
                following = options[position] if position < len(options) else None
                position += self._take_flag(option, following)

    def finish(self) -> CommandLine:
        if self._errors:
            raise self._errors[0] if len(self._errors) == 1 else SeveralErrors(self._errors)
        said = {name: tuple(values) for name, values in self._said.items()}
        warnings = tuple(self._warnings.values())
        values = FlagValues(self._table, said, self._places)
        return CommandLine(values, tuple(self._words), self._settings, warnings)

    def _take_word(self, option: RcOption) -> None:
        if option.origin is None:
            self._words.append(option.text)
        else:
            self._warn(option.text, f"{option.origin}: `{option.text}` is not a flag and is ignored")

    def _take_flag(self, option: RcOption, following: RcOption | None) -> int:
        """Take one flag; the result is how many of the following words were its value."""
        text = option.text
        name, equals, value = text.lstrip("-").partition("=")
        flag, negated = self._find(text, name)
        alias = None if flag is not None or not text.startswith("--") else self._alias(name)
        if alias is not None:
            self._take_setting(RcOption(f"--{alias}{equals}{value}", option.origin))
            return 0
        if flag is None:
            return self._take_unknown(option, name, following if not equals else None)
        if negated and equals:
            self._errors.append(BadFlagValue(name, "takes no value", option.origin))
            return 0
        used = 0
        if not equals:
            if not flag.takes_value:
                value = "no" if negated else "yes"
            elif following is None or following.origin != option.origin:
                self._errors.append(BadFlagValue(flag.name, "needs a value", option.origin))
                return 0
            else:
                value = following.text
                used = 1
        self._say(flag, value, option.origin)
        return used

    def _take_aliases(self, options: Sequence[RcOption]) -> None:
        """Know all `--flag_alias=NAME=SETTING`, wherever they stand."""
        for position, option in enumerate(options):
            flag, equals, pair = option.text.partition("=")
            if option.text == "--":
                return
            if flag != f"--{FLAG_ALIAS}":
                continue
            if not equals and position + 1 < len(options):
                pair = options[position + 1].text
            name, _, setting = pair.partition("=")
            if name and setting.startswith(("//", "@")):
                self._given_aliases[name] = setting
            else:
                problem = f"is `NAME=//package:setting`, not `{pair}`"
                self._errors.append(BadFlagValue(FLAG_ALIAS, problem, option.origin))

    def _alias(self, name: str) -> str | None:
        """The setting that a flag is short for, as `//package:name` or `no//package:name`."""
        if self._known_aliases is None:
            self._known_aliases = {**self._aliases(), **self._given_aliases}
        known = self._known_aliases
        if name in known:
            return known[name]
        positive = name.removeprefix("no")
        return f"no{known[positive]}" if positive != name and positive in known else None

    def _find(self, text: str, name: str) -> tuple[Flag | None, bool]:
        if not text.startswith("--"):
            return self._short.get(name), False
        flag = self._table.get(name)
        if flag is not None:
            return flag, False
        positive = self._table.get(name.removeprefix("no")) if name.startswith("no") else None
        if positive is not None and positive.can_be_negated:
            return positive, True
        return None, False

    def _take_unknown(self, option: RcOption, name: str, following: RcOption | None) -> int:
        known = every_flag()
        elsewhere = known.get(name) or known.get(name.removeprefix("no"))
        if option.origin is None:
            if self._command == STARTUP or not option.text.startswith("--"):
                elsewhere = None
            elif elsewhere is None:
                elsewhere = flags_of(STARTUP).get(name)
            self._errors.append(
                FlagOfOtherCommand(elsewhere, self._command)
                if elsewhere is not None
                else UnknownFlag(option.text, self._command, self._table)
            )
            return 0
        if elsewhere is None and not name.removeprefix("no").startswith(FOREIGN_PREFIXES):
            self._warn(name, f"{option.origin}: `{option.text}` is not a flag and is ignored")
        # In an rc file the next word of the line can only be the value: targets do not stand there.
        has_value = (
            following is not None
            and following.origin == option.origin
            and not following.text.startswith("-")
            and (elsewhere is None or elsewhere.takes_value)
        )
        return 1 if has_value else 0

    def _say(self, flag: Flag, value: str, origin: Place | None) -> None:
        problem = _problem(flag, value)
        if problem is not None:
            hint = did_you_mean(value, flag.values) if flag.values else None
            self._errors.append(BadFlagValue(flag.name, problem, origin, hint))
            return
        if flag.effect is Effect.REFUSED and value not in flag.harmless:
            if origin is None:
                self._errors.append(RefusedFlag(flag))
            else:
                self._warn(flag.name, f"{origin}: `--{flag.name}` is ignored: {flag.reason}")
            return
        if flag.effect is Effect.NONE and flag.reason and value and origin is None:
            self._warn(flag.name, f"`--{flag.name}` has no effect: {flag.reason}")
        if flag.setting:
            if value.lower() != "auto":
                self._settings[flag.setting] = (value.lower() in YES,)
            return
        self._said.setdefault(flag.name, []).append(value)
        self._places[flag.name] = origin

    def _take_setting(self, option: RcOption) -> None:
        text = option.text.removeprefix("--")
        negated = text.startswith(("no//", "no@"))
        name, equals, value = text.removeprefix("no").partition("=") if negated else text.partition("=")
        if negated and equals:
            self._errors.append(BadFlagValue(text, "takes no value", option.origin))
            return
        try:
            label = setting_name(name)
        except InvalidLabel as error:
            self._errors.append(BadFlagValue(text, error.message, option.origin, error.hint))
            return
        said = value if equals else not negated
        self._settings[label] = (*self._settings.get(label, ()), said)

    def _warn(self, key: str, text: str) -> None:
        self._warnings.setdefault(key, text)


def setting_name(text: str) -> str:
    """The full form of a setting's label; repositories keep the names that the command line gave them.

    >>> setting_name("//python/version"), setting_name("@rules//py:mode")
    ('//python/version:version', '@rules//py:mode')
    """
    repository = text.partition("//")[0]
    label = Label.parse(text, relative_to=_ROOT)
    return f"{repository}//{label.package.path}:{label.name}"


def _problem(flag: Flag, value: str) -> str | None:
    """Why a flag can't have this value; nothing is wrong for a flag whose value is not looked at."""
    if flag.effect is Effect.NONE:
        return None
    if flag.values:
        return None if value in flag.values else f"is one of {', '.join(flag.values)}, not `{value}`"
    lowered = value.lower()
    match flag.kind:
        case FlagKind.BOOLEAN:
            return None if lowered in YES | NO else f"is yes or no, not `{value}`"
        case FlagKind.TRISTATE:
            return None if lowered in YES | NO | {"auto"} else f"is yes, no or auto, not `{value}`"
        case FlagKind.NUMBER:
            return None if value.isascii() and value.isdigit() and len(value) < 10 else f"is a number, not `{value}`"
        case FlagKind.PAIRS:
            return None if value.find("=") > 0 else f"looks like NAME=VALUE, not `{value}`"
        case FlagKind.TEXT | FlagKind.TEXTS | FlagKind.COMMA_TEXTS:
            return None
