"""`.bazelrc` files: options that commands get without being told.

A line names a command and options for it: `test --test_output=errors`. `test:ci --jobs=4` applies only when
`--config=ci` asks for it. Commands inherit: `test` gets the lines of `build`, and what is said for the more specific
command comes later, wherever it stands. What the options mean is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
from venvship.loading.bazel_version import BAZEL_VERSION
from venvship.loading.files import SourceFiles
from venvship.loading.nearest import did_you_mean
from venvship.loading.workspace import join_host

WORKSPACE_VARIABLE = "%workspace%"
ALWAYS = "always"
COMMON = "common"
STARTUP = "startup"

_INHERITS: Mapping[str, str] = {
    "aquery": "build",
    "clean": "build",
    "config": "build",
    "coverage": "test",
    "cquery": "test",
    "fetch": "test",
    "info": "build",
    "mobile-install": "build",
    "print_action": "build",
    "run": "build",
    "test": "build",
    "vendor": "test",
}
SECTIONS = (
    *(ALWAYS, COMMON, STARTUP, *_INHERITS),
    *("analyze-profile", "build", "canonicalize-flags", "cquery", "dump", "help", "license", "mod", "query"),
    *("shutdown", "sync", "version"),
)
"""What a line may begin with: pseudo commands and Bazel's commands."""

_MAX_IMPORTS = 1000
_CONTINUATION = re.compile(r"\\\r?\n")


class RcSyntaxError(UserError):
    """A line of an rc file can't be understood."""


class RcFileMissing(UserError):
    """An rc file that was asked for by name does not exist."""

    def __init__(self, path: str, place: Place | None) -> None:
        super().__init__(
            f"there is no rc file `{path}`",
            place=place,
            hint="use `try-import` for a file that may be missing" if place else None,
        )


class ImportCycle(UserError):
    """An rc file imports itself, directly or not."""

    def __init__(self, path: Sequence[str], place: Place) -> None:
        super().__init__("rc files import each other in a circle: " + " -> ".join(path), place=place)


class UnknownConfig(UserError):
    """`--config` names something that no rc file defines for the command."""

    def __init__(self, name: str, command: str, known: Iterable[str], place: Place | None) -> None:
        names = sorted(known)
        super().__init__(
            f"`--config={name}` is not defined in any rc file for `{command}`",
            place=place,
            hint=did_you_mean(name, names) or (f"defined are: {', '.join(names)}" if names else None),
        )


class ConfigCycle(UserError):
    """The options of a `--config` ask for the same `--config` again."""

    def __init__(self, path: Sequence[str], place: Place | None) -> None:
        super().__init__("`--config` expands to itself: " + " -> ".join(path), place=place)


@dataclass(frozen=True, slots=True)
class RcOption:
    """One word of a command line.

    `origin` is the line it stands in, None for the command line itself. `section` is the command of that line:
    an option in `common` is meant for those commands that have it.
    """

    text: str
    origin: Place | None = None
    section: str = ""


@dataclass(frozen=True, slots=True)
class RcLine:
    """The options of one line."""

    command: str
    config: str | None
    options: tuple[RcOption, ...]
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class RcFiles:
    """All lines of all rc files, in order, and what is odd about them."""

    lines: tuple[RcLine, ...] = ()
    paths: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def startup_options(self) -> tuple[RcOption, ...]:
        return tuple(option for line in self.lines if line.command == STARTUP for option in line.options)

    def configs(self, command: str) -> frozenset[str]:
        """The names that `--config` may have for a command."""
        sections = _sections(command)
        return frozenset(line.config for line in self.lines if line.command in sections and line.config is not None)

    def options_for(
        self, command: str, given: Iterable[str] = (), *, host_config: str | None = None
    ) -> tuple[RcOption, ...]:
        """The options of rc files for `command`, then the `given` ones, with every `--config` replaced.

        `host_config` is the config that `--enable_platform_specific_config` asks for, such as `linux`.
        Raises UnknownConfig or ConfigCycle.
        """
        expansion = _Expansion(self, command, host_config)
        expansion.take(self._section_options(command, None), ())
        expansion.take([RcOption(text) for text in given], ())
        return tuple(expansion.result)

    def _section_options(self, command: str, config: str | None) -> list[RcOption]:
        return [
            option
            for section in _sections(command)
            for line in self.lines
            if line.command == section and line.config == config
            for option in line.options
        ]


class _Expansion:
    """Replaces `--config` by what it stands for."""

    def __init__(self, files: RcFiles, command: str, host_config: str | None) -> None:
        self._files = files
        self._command = command
        self._host_config = host_config
        self._known = files.configs(command)
        self.result: list[RcOption] = []

    def take(self, options: Sequence[RcOption], inside: tuple[str, ...]) -> None:
        position = 0
        while position < len(options):
            option = options[position]
            position += 1
            if option.text == "--":
                self.result.extend(options[position - 1 :])
                return
            if option.text == "--enable_platform_specific_config":
                self.result.append(option)
                if self._host_config in self._known and self._host_config is not None:
                    self._expand(self._host_config, option, inside)
            elif option.text == "--config" and position < len(options):
                self._expand(options[position].text, option, inside)
                position += 1
            elif option.text.startswith("--config="):
                self._expand(option.text.removeprefix("--config="), option, inside)
            else:
                self.result.append(option)

    def _expand(self, name: str, option: RcOption, inside: tuple[str, ...]) -> None:
        if name in inside:
            raise ConfigCycle((*inside, name), option.origin)
        if name not in self._known:
            raise UnknownConfig(name, self._command, self._known, option.origin)
        self.take(self._files._section_options(self._command, name), (*inside, name))


def read_rc_files(
    paths: Iterable[str],
    files: SourceFiles,
    *,
    workspace: str | None,
    optional: Iterable[str] = (),
) -> RcFiles:
    """Read rc files in this order, with what they import in its place.

    Those in `optional` may be missing. `/dev/null` is an empty file. A relative import starts at the workspace.
    """
    reader = _Reader(files, workspace)
    may_be_missing = frozenset(optional)
    for path in paths:
        if path != "/dev/null":
            reader.read(path, None, required=path not in may_be_missing)
    return RcFiles(tuple(reader.lines), tuple(reader.paths), tuple(reader.warnings))


def default_rc_files(workspace: str | None, home: str | None) -> tuple[str, ...]:
    """The files that are read unasked, where they exist: the system's, the workspace's, the user's."""
    found = ["/etc/bazel.bazelrc"]
    if workspace is not None:
        found.append(join_host(workspace, ".bazelrc"))
    if home is not None:
        found.append(join_host(home, ".bazelrc"))
    return tuple(dict.fromkeys(found))


def split_words(line: str) -> list[str]:
    r"""The words of a line: quotes keep blanks, a backslash keeps the next character, `#` starts a comment.

    >>> split_words("build --a='b c' d\\ e # comment")
    ['build', '--a=b c', 'd e']
    """
    return _split(line)[0]


def _split(line: str) -> tuple[list[str], bool]:
    """The words, and whether every quote is closed."""
    words: list[str] = []
    word: list[str] | None = None
    quote = ""
    characters = iter(line)
    for character in characters:
        if character == "\\":
            word = [] if word is None else word
            word.append(next(characters, ""))
        elif quote:
            if character == quote:
                quote = ""
            elif word is not None:
                word.append(character)
        elif character in "'\"":
            word = [] if word is None else word
            quote = character
        elif character == "#":
            break
        elif character.isspace():
            if word is not None:
                words.append("".join(word))
            word = None
        else:
            word = [] if word is None else word
            word.append(character)
    if word is not None:
        words.append("".join(word))
    return words, not quote


def _sections(command: str) -> tuple[str, ...]:
    """The commands whose lines `command` gets, the least specific first."""
    chain = [command]
    while chain[-1] in _INHERITS:
        chain.append(_INHERITS[chain[-1]])
    return (ALWAYS, COMMON, *reversed(chain))


class _Reader:
    def __init__(self, files: SourceFiles, workspace: str | None) -> None:
        self._files = files
        self._workspace = workspace
        self._open: list[str] = []
        self.lines: list[RcLine] = []
        self.paths: list[str] = []
        self.warnings: list[str] = []

    def read(self, path: str, place: Place | None, *, required: bool) -> None:
        if path in self._open:
            raise ImportCycle((*self._open[self._open.index(path) :], path), place or Place(path))
        content = self._files.read(path)
        if content is None:
            if required:
                raise RcFileMissing(path, place)
            return
        if len(self.paths) >= _MAX_IMPORTS:
            raise RcSyntaxError(f"more than {_MAX_IMPORTS} rc files are imported", place=place)
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise RcSyntaxError("an rc file must be UTF-8 text", place=Place(path)) from error
        self.paths.append(path)
        self._open.append(path)
        for number, line in _logical_lines(text):
            self._take_line(line, Place(path, number))
        self._open.pop()

    def _take_line(self, line: str, place: Place) -> None:
        words, closed = _split(line)
        if not closed:
            self.warnings.append(f"{place}: a quote is not closed on its line")
        if not words:
            return
        command, *rest = words
        if command in ("import", "try-import"):
            if len(rest) != 1:
                raise RcSyntaxError(f"`{command}` takes one path, not {len(rest)}", place=place)
            self._import(rest[0], place, required=command == "import")
            return
        if command == "try-import-if-bazel-version":
            if len(rest) != 2:
                raise RcSyntaxError(f"`{command}` takes a version condition and a path", place=place)
            if _version_holds(rest[0], place):
                self._import(rest[1], place, required=False)
            return
        name, colon, config = command.partition(":")
        if colon and not config:
            raise RcSyntaxError(f"`{command}` has no name after the colon", place=place)
        options = tuple(RcOption(text, place, name) for text in rest)
        self.lines.append(RcLine(name, config or None, options, place))

    def _import(self, path: str, place: Place, *, required: bool) -> None:
        if path.startswith(WORKSPACE_VARIABLE):
            if self._workspace is None:
                raise RcSyntaxError(f"`{path}` can't be found: the command does not run in a workspace", place=place)
            path = join_host(self._workspace, path.removeprefix(WORKSPACE_VARIABLE).lstrip("/"))
        elif not path.startswith("/") and self._workspace is not None:
            path = join_host(self._workspace, path)
        self.read(path, place, required=required)


def _logical_lines(text: str) -> Iterable[tuple[int, str]]:
    """Lines with their numbers; a backslash at the end joins the next line, as it does in a comment."""
    number = 1
    marked = _CONTINUATION.sub("\0", text.replace("\0", ""))
    for line in marked.split("\n"):
        yield number, line.replace("\0", "")
        number += 1 + line.count("\0")


def _version_holds(condition: str, place: Place) -> bool:
    match = re.fullmatch(r"(>=|<=|>|<|==|=|!=|~)?(\d+(?:\.\d+)*)", condition)
    if match is None:
        raise RcSyntaxError(f"`{condition}` is not a condition on a version, such as `>=7.0.0`", place=place)
    operator = match[1] or "="
    ours, theirs = _version(BAZEL_VERSION), _version(match[2])
    if operator == "~":
        return ours[:2] == theirs[:2] and ours >= theirs
    return {
        ">=": ours >= theirs,
        "<=": ours <= theirs,
        ">": ours > theirs,
        "<": ours < theirs,
        "=": ours == theirs,
        "==": ours == theirs,
        "!=": ours != theirs,
    }[operator]


def _version(text: str) -> tuple[int, ...]:
    numbers = [int(part[:9]) for part in text.split(".")][:3]
    return tuple(numbers + [0] * (3 - len(numbers)))
