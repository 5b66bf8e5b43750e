"""What the syntax tree hides: escapes, prefixes and joining of string literals, spellings of numbers.

Also the way from Python's byte columns to the code points that people count.
"""

from __future__ import annotations

import ast
import hashlib
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from venvship.dataclass import dataclass
from venvship.errors import Place
from venvship.starlark.errors import StarlarkSyntaxError

STRING_LITERAL = r"""
    '''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''
  | \"\"\"[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*\"\"\"
  | '[^'\\\n]*(?:\\.[^'\\\n]*)*'
  | "[^"\\\n]*(?:\\.[^"\\\n]*)*"
"""
"""A string without its prefix, as a verbose expression whose dots match ends of lines."""

_TOKEN = re.compile(
    rf"""
    \#[^\n]*
  | (?P<prefix>\b[A-Za-z_]\w*)?
    (?:
        (?P<string>{STRING_LITERAL})
      | (?P<unclosed>''' | \"\"\" | ['"])
    )
  | (?<![\w.])(?P<number>0[xXoObB]\w* | \d(?:[eE][+-]\d|[\w.])* | \.\d(?:[eE][+-]\d|\w)*)
    """,
    re.DOTALL | re.VERBOSE,
)
_NUMBER = re.compile(
    r"""
    0 | [1-9][0-9]* | 0[xX][0-9a-fA-F]+ | 0[oO][0-7]+
  | ([0-9]+\.[0-9]* | \.[0-9]+)([eE][+-]?[0-9]+)? | [0-9]+[eE][+-]?[0-9]+
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(\n|[\\'\"nrt]|[0-7]{1,3}|.)", re.DOTALL)
_KNOWN_ESCAPES = frozenset("\n\\'\"nrt01234567")
_REFUSED_PREFIX = frozenset(["b", "u", "f", "t", "br", "rb", "fr", "rf", "tr", "rt"])


@dataclass(frozen=True, slots=True)
class _StringToken:
    start: int
    end: int


class SourceText:
    """The text of one file, with its lines found."""

    def __init__(self, filename: str, text: str) -> None:
        self.filename = filename
        self.text = text
        self.lines = text.split("\n")
        self.ascii = text.isascii()
        # Tells files apart that hosts give one name.
        self.fingerprint = hashlib.blake2b(f"{filename}\0{text}".encode(errors="replace"), digest_size=8).hexdigest()
        self._starts: list[int] | None = None
        self._encoded: tuple[int, bytes, Sequence[int]] | None = None
        self.strings: list[_StringToken] = []
        self.loaded_late: frozenset[int] = frozenset()
        """Where `load` statements have plain names that the parser was shown as `**name`, as indices of the names."""

    def place(self, node: ast.AST) -> Place:
        """Where a node begins."""
        line: int = node.lineno  # type: ignore[attr-defined]
        return self.place_at(line, node.col_offset)  # type: ignore[attr-defined]

    def place_at(self, line: int, column: int) -> Place:
        """A place from Python's line and byte column."""
        return Place(self.filename, line, self.column(line, column) + 1)

    def column(self, line: int, column: int) -> int:
        """Code points before the byte `column` of a line."""
        if self.ascii or line > len(self.lines) or self.lines[line - 1].isascii():
            return column
        starts = self.encoded(line)[1]
        return bisect_left(starts, column)

    def encoded(self, line: int) -> tuple[bytes, Sequence[int]]:
        """A line as Python counts its columns: its bytes, and where in them each character begins."""
        known = self._encoded
        if known is None or known[0] != line:
            characters = [character.encode() for character in self.lines[line - 1]]
            known = (line, b"".join(characters), array("Q", accumulate(map(len, characters), initial=0)))
            self._encoded = known
        return known[1], known[2]

    def offset(self, line: int, column: int) -> int:
        """Index into the text of a line and byte column."""
        return self._line_starts()[line - 1] + self.column(line, column)

    def segment(self, node: ast.expr) -> str:
        """The text of a node."""
        end = self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        return self.text[self.offset(node.lineno, node.col_offset) : end]

    def before(self, line: int, column: int) -> str:
        """The character before a line and byte column."""
        return self.lines[line - 1][self.column(line, column) - 1]

    def place_of(self, offset: int) -> Place:
        """The place of an index into the text."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return Place(self.filename, line, offset - starts[line - 1] + 1)

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            starts = [0]
            for line in self.lines:
                starts.append(starts[-1] + len(line) + 1)
            self._starts = starts
        return self._starts

    def scan(self) -> Iterator[StarlarkSyntaxError]:
        """Find the string literals; gives what is wrong with these and with numbers."""
        for match in _TOKEN.finditer(self.text):
            number = match["number"]
            if number is not None:
                if not _NUMBER.fullmatch(number):
                    yield self._problem(match.start(), f"invalid number literal `{number[:40]}`")
                continue
            string = match["string"]
            if string is None:
                if match["unclosed"] is not None:
                    # No further: each quotation mark that follows would be looked at up to the end of the text.
                    yield self._problem(match.start("unclosed"), "unclosed string literal")
                    return
                continue
            start = match.start("string")
            prefix = match["prefix"]
            raw = prefix == "r"
            if prefix is not None and (prefix.lower() in _REFUSED_PREFIX or prefix == "R"):
                yield self._problem(match.start(), f"string prefix `{prefix}` is not supported")
            self.strings.append(_StringToken(match.start() if raw else start, match.end()))
            if "\\" in string and not raw:
                yield from self._escapes(string, start)

    def _escapes(self, string: str, start: int) -> Iterator[StarlarkSyntaxError]:
        for match in _ESCAPE.finditer(string):
            letter = match[1]
            if len(letter) == 3 and letter > "377":
                yield self._problem(start + match.start(), "octal escape sequence out of range (maximum is \\377)")
            elif letter[0] not in _KNOWN_ESCAPES:
                yield self._problem(
                    start + match.start(), f"invalid escape sequence: \\{letter}. Use '\\\\' to insert '\\'."
                )

    def joined_strings(self, nodes: list[ast.Constant]) -> Iterator[StarlarkSyntaxError]:
        """Places where literals stand side by side, which Python joins and the language refuses."""
        starts = [token.start for token in self.strings]
        for node in nodes:
            first = bisect_left(starts, self.offset(node.lineno, node.col_offset))
            end = self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
            if first < len(starts) and self.strings[first].end < end:
                place = self.place_of(self.strings[first + 1].start)
                yield StarlarkSyntaxError("Implicit string concatenation is forbidden, use the + operator", place=place)

    def _problem(self, offset: int, message: str) -> StarlarkSyntaxError:
        return StarlarkSyntaxError(message, place=self.place_of(offset))
