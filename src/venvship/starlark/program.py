"""A file compiled once, and kept for later.

The code object is plain data: hosts keep `Program.dump()` under a key made of the source's digest and `CACHE_TAG`, and
a file that has not changed then costs neither parsing nor checking.

Which names a host predeclares is no part of a program, so that one compiled file serves every environment;
`execute` refuses names that nobody defines.
"""

from __future__ import annotations

import ast
import dis
import importlib.util
import marshal
from collections.abc import Iterable
from itertools import islice
from types import CodeType
from typing import Self

from venvship.dataclass import dataclass
from venvship.errors import InternalError, Place, SeveralErrors
from venvship.starlark.dialect import Dialect as Dialect
from venvship.starlark.errors import StarlarkSyntaxError
from venvship.starlark.load_arguments import PYTHON_REFUSES, rewritten
from venvship.starlark.lower import Lowering
from venvship.starlark.resolution import LoadStatement as LoadStatement
from venvship.starlark.resolve import Resolver
from venvship.starlark.source_text import SourceText

EVALUATOR_VERSION = "6"
"""Changes whenever the same source would compile to another program."""

CACHE_TAG = f"{EVALUATOR_VERSION}-{importlib.util.MAGIC_NUMBER.hex()}"
"""Says of stored programs which evaluator and which interpreter can run them."""

MAX_SOURCE_BYTES = 8 << 20

_MAX_PROBLEMS = 100
"""Told of one file; whoever repairs these sees the rest."""

_CALLS = frozenset(number for name, number in dis.opmap.items() if name.startswith("CALL"))


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A checked and compiled file."""

    filename: str
    dialect: Dialect
    code: CodeType
    loads: tuple[LoadStatement, ...]
    global_names: frozenset[str]
    """Names that the top level binds, loaded ones included."""
    free_names: tuple[tuple[str, int, int], ...]
    """Names that only the environment can define, with line and column of their first use."""
    toplevel_calls: dict[int, tuple[int, int]]
    """Line and column of the calls of the top level by the offset of their instruction."""

    def dump(self) -> bytes:
        """The program as bytes for `restore`."""
        loads = tuple((load.module, load.bindings, load.place.line, load.place.column) for load in self.loads)
        return marshal.dumps(
            (
                CACHE_TAG,
                self.filename,
                self.dialect.value,
                self.code,
                loads,
                self.global_names,
                self.free_names,
                self.toplevel_calls,
            )
        )

    @classmethod
    def restore(cls, data: bytes) -> Self:
        """Read what `dump` of this evaluator under this interpreter wrote; the bytes must be trusted."""
        try:
            tag, filename, dialect, code, loads, global_names, free_names, calls = marshal.loads(data)
        except (EOFError, ValueError, TypeError) as error:
            raise InternalError(f"a stored program is damaged: {error}") from error
        if tag != CACHE_TAG:
            raise InternalError(f"a stored program of evaluator `{tag}` was given to evaluator `{CACHE_TAG}`")
        return cls(
            filename,
            Dialect(dialect),
            code,
            tuple(
                [
                    LoadStatement(module, bindings, Place(filename, line, column))
                    for module, bindings, line, column in loads
                ]
            ),
            global_names,
            free_names,
            calls,
        )


def compile_program(source: bytes | str, *, filename: str, dialect: Dialect) -> Program:
    """Check and compile a file; raises `SeveralErrors` with every problem found."""
    text = SourceText(filename, _decoded(source, filename))
    try:
        return _compiled(text, dialect)
    except (RecursionError, MemoryError):
        raise _refusal("the program is nested too deeply or too large", Place(filename)) from None


def _compiled(text: SourceText, dialect: Dialect) -> Program:
    filename = text.filename
    # First, because Python warns on its own about some escapes that are errors here.
    _refuse(text.scan())
    try:
        tree = _tree(text)
    except SyntaxError as error:
        _refuse([_from_python(error, text)])
        raise
    except (ValueError, OverflowError) as error:
        _refuse([StarlarkSyntaxError(str(error), place=Place(filename))])
        raise

    resolver = Resolver(text, dialect)
    resolution = resolver.resolve(tree)
    _refuse(sorted(resolver.problems, key=lambda problem: problem.place or Place(filename)))

    lowered = Lowering(text, resolution).lower(tree)
    try:
        code = compile(lowered, filename, "exec", dont_inherit=True, optimize=0)
    except SyntaxError as error:
        _refuse([_from_python(error, text)])
        raise
    return Program(
        filename,
        dialect,
        code,
        tuple(resolution.loads),
        resolution.globals,
        tuple(sorted([(name, at.line, at.column) for name, at in resolution.free.items()], key=lambda use: use[1:])),
        _toplevel_calls(code),
    )


def _toplevel_calls(code: CodeType) -> dict[int, tuple[int, int]]:
    operations = code.co_code
    calls: dict[int, tuple[int, int]] = {}
    for index, (line, _, column, _) in enumerate(code.co_positions()):
        if operations[2 * index] in _CALLS and line is not None and column is not None:
            calls[2 * index] = (line, column + 1)
    return calls


def _decoded(source: bytes | str, filename: str) -> str:
    if len(source) > MAX_SOURCE_BYTES:
        raise _refusal(f"the file is larger than {MAX_SOURCE_BYTES} bytes", Place(filename))
    if isinstance(source, bytes):
        try:
            text = source.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = source.count(b"\n", 0, error.start) + 1
            raise _refusal("not valid UTF-8", Place(filename, line)) from None
    else:
        text = source.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    for bad, what in (("\0", "NUL characters"), ("\f", "form feeds")):
        position = text.find(bad)
        if position >= 0:
            raise _refusal(f"{what} are not allowed", Place(filename, text.count("\n", 0, position) + 1))
    return text


def _refusal(message: str, place: Place) -> SeveralErrors:
    return SeveralErrors([StarlarkSyntaxError(message, place=place)])


def _from_python(error: SyntaxError, text: SourceText) -> StarlarkSyntaxError:
    # Python counts the columns of its own syntax errors in code points already.
    return StarlarkSyntaxError(
        f"syntax error: {error.msg}", place=Place(text.filename, error.lineno or 0, max(error.offset or 0, 0))
    )


def _tree(text: SourceText) -> ast.Module:
    try:
        return ast.parse(text.text, text.filename)
    except SyntaxError as error:
        if not error.msg.startswith(PYTHON_REFUSES):
            raise
        found = rewritten(text.text)
        if not found.names:
            raise
        text.loaded_late = found.names
        return ast.parse(found.text, text.filename)


def _refuse(problems: Iterable[StarlarkSyntaxError]) -> None:
    found = list(islice(problems, _MAX_PROBLEMS))
    if found:
        raise SeveralErrors(found)
