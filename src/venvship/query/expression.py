"""The query language as values.

`deps(//a) - kind("source file", //...)`: target patterns, functions, the operators `+ - ^` with their words
`union except intersect`, `set(a b)`, `let x = e in f`. Operators have equal precedence and group to the left.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.nearest import did_you_mean

_MAX_DEPTH = 100
_TOKEN = re.compile(
    r"""
    (?P<blank>\s+|\#[^\n]*)
    |(?P<quoted>"[^"]*"|'[^']*')
    |(?P<canonical>@@[\w*/@.\-:$~\[\]+]+)
    |(?P<word>[\w*/@.:$~\[\]][\w*/@.\-:$~\[\]]*)
    |(?P<sign>[-+^=(),])
    """,
    re.VERBOSE,
)
_KEYWORDS = frozenset({"except", "in", "intersect", "let", "set", "union"})


class QuerySyntaxError(UserError):
    """A text is not a query."""

    def __init__(self, query: str, position: int, reason: str, hint: str | None = None) -> None:
        before, after = query[:position], query[position:]
        near = f"…{before[-30:]}" if len(before) > 30 else before
        rest = f"{after[:30]}…" if len(after) > 30 else after
        where = [f"after `{near}`"] if near.strip() else []
        where += [f"at `{rest}`"] if rest.strip() else []
        place = f": {', '.join(where)}" if where else ""
        super().__init__(f"syntax error in query: {reason}{place}", hint=hint)
        self.position = position


class Operator(enum.Enum):
    UNION = "+"
    EXCEPT = "-"
    INTERSECT = "^"


_OPERATORS: Mapping[str, Operator] = {
    "+": Operator.UNION,
    "union": Operator.UNION,
    "-": Operator.EXCEPT,
    "except": Operator.EXCEPT,
    "^": Operator.INTERSECT,
    "intersect": Operator.INTERSECT,
}


class Parameter(enum.Enum):
    """What an argument of a function is."""

    TARGETS = "expression"
    WORD = "word"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Function:
    """`required` of the parameters must be given; the last one repeats if `repeats`."""

    parameters: tuple[Parameter, ...]
    required: int
    repeats: bool = False


_T, _W, _N = Parameter.TARGETS, Parameter.WORD, Parameter.NUMBER

FUNCTIONS: Mapping[str, Function] = {
    "allpaths": Function((_T, _T), 2),
    "allrdeps": Function((_T, _N), 1),
    "attr": Function((_W, _W, _T), 3),
    "buildfiles": Function((_T,), 1),
    "deps": Function((_T, _N), 1),
    "filter": Function((_W, _T), 2),
    "kind": Function((_W, _T), 2),
    "labels": Function((_W, _T), 2),
    "loadfiles": Function((_T,), 1),
    "rbuildfiles": Function((_W,), 1, repeats=True),
    "rdeps": Function((_T, _T, _N), 2),
    "same_pkg_direct_rdeps": Function((_T,), 1),
    "siblings": Function((_T,), 1),
    "some": Function((_T, _N), 1),
    "somepath": Function((_T, _T), 2),
    "tests": Function((_T,), 1),
    "visible": Function((_T, _T), 2),
}


@dataclass(frozen=True, slots=True)
class Word:
    """A target pattern."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


@dataclass(frozen=True, slots=True)
class Combination:
    """Operators from left to right."""

    first: Expression
    rest: tuple[tuple[Operator, Expression], ...]


@dataclass(frozen=True, slots=True)
class Let:
    name: str
    value: Expression
    body: Expression


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Patterns:
    """`set(a b c)`."""

    texts: tuple[str, ...]


Expression: TypeAlias = Word | Variable | Combination | Let | Call | Patterns
Argument: TypeAlias = Expression | str | int


def parse_query(text: str) -> Expression:
    """Read a query; raises QuerySyntaxError."""
    return _Parser(text).parse()


def unparse(expression: Expression) -> str:
    """A text that reads as the same expression."""
    match expression:
        case Word(text):
            return _quoted(text)
        case Variable(name):
            return f"${name}"
        case Combination(first, rest):
            parts = [f"{operator.value} {unparse(one)}" for operator, one in rest]
            return f"({' '.join([unparse(first), *parts])})"
        case Let(name, value, body):
            return f"(let {name} = {unparse(value)} in {unparse(body)})"
        case Patterns(texts):
            return f"set({' '.join(_quoted(text) for text in texts)})"
        case Call(function, arguments):
            return f"{function}({', '.join(_unparse_argument(one) for one in arguments)})"


def _unparse_argument(argument: Argument) -> str:
    if isinstance(argument, int):
        return str(argument)
    return _quoted(argument) if isinstance(argument, str) else unparse(argument)


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'


class _Kind(enum.Enum):
    WORD = enum.auto()
    QUOTED = enum.auto()
    SIGN = enum.auto()
    END = enum.auto()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: _Kind
    text: str
    position: int

    def is_sign(self, sign: str) -> bool:
        return self.kind is _Kind.SIGN and self.text == sign

    def is_keyword(self, word: str) -> bool:
        return self.kind is _Kind.WORD and self.text == word

    @property
    def is_word(self) -> bool:
        """Whether it can stand for itself: quotes make a word of a keyword."""
        return self.kind is _Kind.QUOTED or (self.kind is _Kind.WORD and self.text not in _KEYWORDS)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            reason = "quotation mark is not closed" if text[position] in "'\"" else f"unexpected `{text[position]}`"
            raise QuerySyntaxError(text, position, reason, hint="quote words with unusual characters")
        found = match.group()
        match match.lastgroup:
            case "quoted":
                tokens.append(_Token(_Kind.QUOTED, found[1:-1], position))
            case "word" | "canonical":
                tokens.append(_Token(_Kind.WORD, found, position))
            case "sign":
                tokens.append(_Token(_Kind.SIGN, found, position))
        position = match.end()
    return [*tokens, _Token(_Kind.END, "", len(text))]


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._position = 0
        self._depth = 0

    def parse(self) -> Expression:
        expression = self._expression()
        token = self._peek()
        if token.kind is not _Kind.END:
            raise self._error(token, f"unexpected `{token.text}` after the expression")
        return expression

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(self._peek(), f"expressions are nested more than {_MAX_DEPTH} deep")
        first = self._operand()
        rest: list[tuple[Operator, Expression]] = []
        while (operator := self._operator()) is not None:
            rest.append((operator, self._operand()))
        self._depth -= 1
        return Combination(first, tuple(rest)) if rest else first

    def _operator(self) -> Operator | None:
        token = self._peek()
        if token.kind not in (_Kind.SIGN, _Kind.WORD):
            return None
        operator = _OPERATORS.get(token.text)
        if operator is not None:
            self._position += 1
        return operator

    def _operand(self) -> Expression:
        token = self._next()
        if token.is_sign("("):
            inner = self._expression()
            self._expect(")")
            return inner
        if token.is_keyword("let"):
            return self._let()
        if token.is_keyword("set") and self._peek().is_sign("("):
            return self._set()
        if not token.is_word:
            what = f"unexpected `{token.text}`" if token.text else "something is missing at the end"
            raise self._error(token, what)
        if token.kind is _Kind.WORD and self._peek().is_sign("("):
            return self._call(token)
        if token.kind is _Kind.WORD and token.text.startswith("$"):
            return Variable(token.text[1:])
        return self._word(token)

    def _word(self, token: _Token) -> Word:
        if not token.text or token.text.startswith("-"):
            raise self._error(token, "a target pattern is empty or begins with `-`", "use the operator `-` or `except`")
        return Word(token.text)

    def _let(self) -> Let:
        name = self._next()
        if not name.is_word or not name.text.isidentifier():
            raise self._error(name, "`let` needs a name")
        self._expect("=")
        self._depth += 1
        value = self._expression()
        keyword = self._next()
        if not keyword.is_keyword("in"):
            raise self._error(keyword, "`in` is missing after the value of `let`")
        body = self._expression()
        self._depth -= 1
        return Let(name.text, value, body)

    def _set(self) -> Patterns:
        self._expect("(")
        texts: list[str] = []
        while not (token := self._next()).is_sign(")"):
            if not token.is_word:
                raise self._error(token, "`set` holds target patterns, with blanks between them")
            texts.append(self._word(token).text)
        return Patterns(tuple(texts))

    def _call(self, name: _Token) -> Call:
        function = FUNCTIONS.get(name.text)
        if function is None:
            raise self._error(name, f"there is no function `{name.text}`", did_you_mean(name.text, FUNCTIONS))
        self._expect("(")
        arguments: list[Argument] = []
        while not self._peek().is_sign(")"):
            if arguments:
                self._expect("," if self._peek().kind is not _Kind.END else ")")
            arguments.append(self._argument(name, function, len(arguments)))
        if len(arguments) < function.required:
            raise self._error(self._peek(), f"`{name.text}` needs {function.required} arguments")
        self._expect(")")
        return Call(name.text, tuple(arguments))

    def _argument(self, name: _Token, function: Function, index: int) -> Argument:
        if index >= len(function.parameters) and not function.repeats:
            raise self._error(self._peek(), f"`{name.text}` takes at most {len(function.parameters)} arguments")
        match function.parameters[min(index, len(function.parameters) - 1)]:
            case Parameter.TARGETS:
                return self._expression()
            case Parameter.WORD:
                token = self._next()
                if not token.is_word:
                    raise self._error(token, f"argument {index + 1} of `{name.text}` is a word", "quote it")
                return token.text
            case Parameter.NUMBER:
                token = self._next()
                if not (token.text.isascii() and token.text.isdigit() and len(token.text) < 10):
                    raise self._error(token, f"argument {index + 1} of `{name.text}` is a number")
                return int(token.text)

    def _expect(self, sign: str) -> None:
        token = self._next()
        if not token.is_sign(sign):
            raise self._error(token, f"`{sign}` is missing")

    def _peek(self) -> _Token:
        return self._tokens[self._position]

    def _next(self) -> _Token:
        token = self._tokens[self._position]
        if token.kind is not _Kind.END:
            self._position += 1
        return token

    def _error(self, token: _Token, reason: str, hint: str | None = None) -> QuerySyntaxError:
        return QuerySyntaxError(self._text, token.position, reason, hint)
