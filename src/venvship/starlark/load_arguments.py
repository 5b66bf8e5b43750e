"""Plain names after renamed ones, as in `load("x.bzl", a = "b", "c")`.

Python wants positional arguments first and has no syntax tree for this. Where it gives up, such a name is written as
`**c`, which is as long as `"c"`: nothing else changes its place.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from venvship.dataclass import dataclass
from venvship.starlark.source_text import STRING_LITERAL

PYTHON_REFUSES = "positional argument follows keyword argument"
"""How Python's complaint about such a call begins."""

_PIECE = re.compile(rf"\#[^\n]* | (?P<string>{STRING_LITERAL}) | (?P<name>[^\W\d]\w*) | \S", re.DOTALL | re.VERBOSE)
_QUOTED_NAME = re.compile(r"(?P<quote>'''|\"\"\"|'|\")(?P<name>[^\W\d]\w*)(?P=quote)")
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text that Python can parse, and where in it the names stand that were strings, as indices."""

    text: str
    names: frozenset[int]


def rewritten(text: str) -> Rewritten:
    """`text` with the plain names of its load statements that follow renamed ones written as `**name`."""
    parts: list[str] = []
    names: set[int] = set()
    end = 0
    for literal in _late_names(text):
        quoted = _QUOTED_NAME.fullmatch(literal[0])
        if quoted is None or keyword.iskeyword(quoted["name"]):
            continue
        parts += [text[end : literal.start()], f"**{quoted['name']}".ljust(len(literal[0]))]
        names.add(literal.start() + len("**"))
        end = literal.end()
    return Rewritten("".join([*parts, text[end:]]), frozenset(names))


def _late_names(text: str) -> Iterator[re.Match[str]]:
    """The arguments of load statements that are one string and come after a renamed one."""
    depth = 0
    is_load = after_load = renamed = False
    argument: list[re.Match[str]] = []
    for piece in _PIECE.finditer(text):
        token = piece[0]
        if token.startswith("#"):
            continue
        if token in _OPENING:
            depth += 1
            if depth == 1:
                is_load, renamed, argument = after_load, False, []
                continue
        elif token in _CLOSING:
            depth -= 1
        if is_load and (depth == 0 or (depth == 1 and token == ",")):
            if renamed and len(argument) == 1 and argument[0]["string"]:
                yield argument[0]
            renamed = renamed or (len(argument) > 1 and argument[0]["name"] is not None and argument[1][0] == "=")
            is_load, argument = depth > 0, []
        else:
            argument.append(piece)
        after_load = depth == 0 and token == "load" and text[piece.start() - 1 : piece.start()] in ("", "\n")
