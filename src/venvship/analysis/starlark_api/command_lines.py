"""Arguments becoming strings: depsets are listed, directories opened and `map_each` functions called here.

All of it happens when an action is looked at, never while rules run.
"""

from __future__ import annotations

import enum
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from types import FunctionType
from typing import TypeAlias

from venvship.analysis.starlark_api.files import TreeFile
from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.evaluation import Evaluator
from venvship.model.action import ExpandedCommand, FilesIn
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.model.paths import ExecPath, TreePath
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.printer import Printer
from venvship.starlark.thread import OUTPUT_BUDGET
from venvship.starlark.values import LISTS, List

PLACEHOLDER = re.compile(r"%%|%s|%")
LONGEST_COMMAND = 32_768
"""Characters of arguments from which a parameter file is used when one is allowed."""

_KIND: Callable[[Artifact], ArtifactKind] = attrgetter("kind")
_EXEC_PATH: Callable[[Artifact], ExecPath] = attrgetter("exec_path")
_NEEDS_QUOTES = re.compile(r"[^A-Za-z0-9@%_+:,./\-]")


class UndeclaredDirectory(UserError):
    """Arguments name the files of a directory that the action does not read."""

    def __init__(self, directory: Artifact) -> None:
        super().__init__(
            f"arguments name the files in `{directory.exec_path}`, which is no input of their action",
            hint="add the directory to `inputs`, or pass its `path`",
        )


class ParameterFileFormat(enum.Enum):
    SHELL = "shell"
    MULTILINE = "multiline"
    FLAG_PER_LINE = "flag_per_line"


@dataclass(frozen=True, slots=True)
class ParameterFileUse:
    """The argument that names a parameter file, with `%s` for its path, and whether a short command has one too."""

    template: str
    always: bool


@dataclass(frozen=True, slots=True)
class Named:
    """A flag and its value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """Many values, added at once; joined into one argument when `join_with` is not None."""

    name: str | None
    values: tuple[Value, ...] | Depset[Value]
    map_each: Value = None
    format_each: str | None = None
    before_each: str | None = None
    join_with: str | None = None
    format_joined: str | None = None
    omit_if_empty: bool = True
    uniquify: bool = False
    expand_directories: bool = True
    terminate_with: str | None = None

    @property
    def elements(self) -> tuple[Value, ...]:
        return self.values.to_tuple() if isinstance(self.values, Depset) else self.values

    @property
    def directories(self) -> list[Artifact]:
        """The directories that are opened, or that a `map_each` function may open."""
        if not self.expand_directories and self.map_each is None:
            return []
        directory = ArtifactKind.DIRECTORY
        elements = self.elements
        if self._holds_files:
            return [one for one in elements if one.kind is directory]
        return [one for one in elements if isinstance(one, Artifact) and one.kind is directory]

    @property
    def _holds_files(self) -> bool:
        """Whether all elements are artifacts: those of a depset are of one type."""
        return isinstance(self.values, Depset) and bool(self.values) and type(self.elements[0]) is Artifact

    def strings(self, files_in: FilesIn, evaluator: Evaluator) -> list[str]:
        """The values as strings, without the flag."""
        if self.map_each is None:
            found = self._texts(files_in)
        else:
            found = _mapped(self.map_each, self._opened(files_in), files_in, evaluator)
        if self.uniquify:
            found = list(dict.fromkeys(found))
        template = self.format_each
        return found if template is None else [formatted(template, text) for text in found]

    def _opened(self, files_in: FilesIn) -> list[Value]:
        if not self.expand_directories:
            return list(self.elements)
        return [file for element in self.elements for file in _opened(element, files_in)]

    def _texts(self, files_in: FilesIn) -> list[str]:
        closed, directory = not self.expand_directories, ArtifactKind.DIRECTORY
        # Nearly all elements of all command lines are files, and without a step of the interpreter for each it is done
        # in a third of the time.
        if self._holds_files and (closed or directory not in map(_KIND, self.elements)):
            return list(map(_EXEC_PATH, self.elements))
        found: list[str] = []
        for element in self.elements:
            if type(element) is Artifact and (closed or element.kind is not directory):
                found.append(element.exec_path)
            else:
                found += map(_text, (element,) if closed else _opened(element, files_in))
        return found

    def expand(self, files_in: FilesIn, evaluator: Evaluator) -> tuple[str | None, list[str]]:
        """The flag, when there is one to be written, and its values."""
        found = self.strings(files_in, evaluator)
        if not found and self.omit_if_empty:
            return None, []
        if self.join_with is not None:
            joined = self.join_with.join(found)
            return self.name, [joined if self.format_joined is None else formatted(self.format_joined, joined)]
        if self.before_each is not None:
            found = [text for one in found for text in (self.before_each, one)]
        if self.terminate_with is not None:
            found.append(self.terminate_with)
        return self.name, found


Item: TypeAlias = str | Named | Vector


@dataclass(frozen=True, slots=True, eq=False)
class Arguments:
    """What an `Args` held when an action took it."""

    items: tuple[Item, ...]
    use: ParameterFileUse | None
    format: ParameterFileFormat
    evaluator: Evaluator

    @property
    def directories(self) -> list[Artifact]:
        return [one for item in self.items if isinstance(item, Vector) for one in item.directories]

    def expand(self, files_in: FilesIn) -> list[str]:
        """All arguments in order."""
        found: list[str] = []
        for name, values in self._groups(files_in):
            if name is not None:
                found.append(name)
            found += values
        return found

    def flags_and_others(self, files_in: FilesIn) -> tuple[list[str], list[str]]:
        """Flags with their values after `=`, and arguments that are no flags."""
        flags: list[str] = []
        others: list[str] = []
        for name, values in self._groups(files_in):
            if name is not None and name.startswith("--"):
                flags.append(f"{name}={' '.join(values)}" if values else name)
                continue
            for text in values if name is None else [name, *values]:
                (flags if text.startswith("--") else others).append(text)
        return flags, others

    def _groups(self, files_in: FilesIn) -> Iterable[tuple[str | None, list[str]]]:
        for item in self.items:
            match item:
                case str():
                    yield None, [item]
                case Named(name, value):
                    yield name, [value]
                case Vector():
                    yield item.expand(files_in, self.evaluator)


@dataclass(frozen=True, eq=False)
class ArgumentsContent:
    """Arguments as the content of a file."""

    arguments: Arguments

    @functools.cached_property
    def directories(self) -> Depset[Artifact]:
        return Depset(self.arguments.directories)

    def expand(self, files_in: FilesIn) -> bytes:
        if self.arguments.format is ParameterFileFormat.FLAG_PER_LINE:
            flags, others = self.arguments.flags_and_others(files_in)
            return _lines([*flags, *others])
        return parameter_file(self.arguments.expand(files_in), self.arguments.format)


@dataclass(frozen=True, slots=True, eq=False)
class RuleCommandLine:
    """The command line of an action; `parameter_base` begins the paths of its parameter files."""

    prefix: tuple[str, ...]
    parts: tuple[str | Arguments, ...]
    inputs: Depset[Artifact]
    parameter_base: ExecPath

    def expand(self, files_in: FilesIn) -> ExpandedCommand:
        def files_in_input(directory: Artifact) -> tuple[TreePath, ...]:
            if directory not in self.inputs.to_tuple():
                raise UndeclaredDirectory(directory)
            return files_in(directory)

        return self._expanded(files_in_input)

    def _expanded(self, files_in: FilesIn) -> ExpandedCommand:
        expanded = [(part, [part] if isinstance(part, str) else part.expand(files_in)) for part in self.parts]
        every = [self.prefix, *(texts for _, texts in expanded)]
        length = sum(len(text) + 1 for texts in every for text in texts)
        argv = list(self.prefix)
        files: list[tuple[ExecPath, bytes]] = []
        for part, texts in expanded:
            use = None if isinstance(part, str) else part.use
            if isinstance(part, str) or use is None or not (use.always or length > LONGEST_COMMAND):
                argv += texts
                continue
            path = ExecPath(f"{self.parameter_base}-{len(files)}.params")
            argv.append(formatted(use.template, path))
            if part.format is ParameterFileFormat.FLAG_PER_LINE:
                flags, others = part.flags_and_others(files_in)
                files.append((path, _lines(flags)))
                argv += others
            else:
                files.append((path, parameter_file(texts, part.format)))
        return ExpandedCommand(tuple(argv), tuple(files))


def command_line(
    prefix: Sequence[str], parts: Sequence[str | Arguments], inputs: Depset[Artifact], parameter_base: ExecPath
) -> tuple[str, ...] | RuleCommandLine:
    """The arguments themselves where they are all known."""
    known = [part for part in parts if isinstance(part, str)]
    if len(known) == len(parts):
        return (*prefix, *known)
    return RuleCommandLine(tuple(prefix), tuple(parts), inputs, parameter_base)


def parameter_file(texts: Iterable[str], how: ParameterFileFormat) -> bytes:
    """Arguments one a line, quoted for a shell or as they are."""
    return _lines(map(shell_quoted, texts) if how is ParameterFileFormat.SHELL else texts)


def shell_quoted(text: str) -> str:
    """
    >>> print(shell_quoted("a/b"), shell_quoted("it's"), shell_quoted(""))
    a/b 'it'\\''s' ''
    """
    if text and not _NEEDS_QUOTES.search(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def formatted(template: str, text: str) -> str:
    """Put `text` in the place of `%s`; `%%` is a percent sign."""
    return PLACEHOLDER.sub(lambda match: text if match[0] == "%s" else "%", template)


def _lines(texts: Iterable[str]) -> bytes:
    return "\n".join([*texts, ""]).encode("utf-8", "surrogateescape")


def _opened(element: Value, files_in: FilesIn) -> Sequence[Value]:
    if isinstance(element, Artifact) and element.kind is ArtifactKind.DIRECTORY:
        return [TreeFile(element, path) for path in files_in(element)]
    return (element,)


def _text(element: Value) -> str:
    if type(element) is str:
        return element
    if isinstance(element, Artifact):
        return element.exec_path
    if isinstance(element, Label):
        return str(element)
    printer = Printer(OUTPUT_BUDGET)
    printer.str(element)
    return printer.text


class DirectoryExpander:
    """The second argument of `map_each` functions that take one."""

    __slots__ = ("files_in",)

    def __init__(self, files_in: FilesIn) -> None:
        self.files_in = files_in


def _mapped(function: FunctionType, elements: list[Value], files_in: FilesIn, evaluator: Evaluator) -> list[str]:
    extra = (DirectoryExpander(files_in),) if len(inspect.signature(function).parameters) > 1 else ()
    found: list[str] = []
    for result in evaluator.each(function, ((element, *extra) for element in elements)):
        if type(result) is str:
            found.append(result)
        elif type(result) in LISTS or type(result) is tuple:
            for text in result:
                if type(text) is not str:
                    raise _wrong(function, f"a list with a {type_name(text)}")
                found.append(text)
        elif result is not None:
            raise _wrong(function, f"a {type_name(result)}")
    return found


def _wrong(function: FunctionType, found: str) -> EvaluationError:
    return EvaluationError(
        f"expected map_each function `{function.__name__}` to return string, list of strings, or None, found {found}"
    )


def _expand(expander: DirectoryExpander, file: Artifact, /) -> List:
    return List(_opened(file, expander.files_in))


register(DirectoryExpander, HostType(name="DirectoryExpander", methods={"expand": _expand}))
