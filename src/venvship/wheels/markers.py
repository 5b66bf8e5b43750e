"""Environment markers (PEP 508), with the meaning that lock files give to `extra`.

A lock file with conflicting extras writes `extra == 'extra-3-api-cuda'` for "extra `cuda` of `api` is active", and
likewise for groups and projects. Several such items are active at once, so `extra` is a set: `==` asks whether an
item is in it and `!=` whether it is not. All other variables are compared as the specification says.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final, Self, TypeAlias, assert_never

from packaging.specifiers import InvalidSpecifier, Specifier
from packaging.version import InvalidVersion, Version

from venvship.dataclass import dataclass
from venvship.model.platform import Cpu, Os, Platform
from venvship.wheels.filename import normalise_name

_MAX_LENGTH: Final = 1 << 16
_MAX_DEPTH: Final = 64

_VARIABLES: Final = frozenset(
    {
        "implementation_name",
        "implementation_version",
        "os_name",
        "platform_machine",
        "platform_python_implementation",
        "platform_release",
        "platform_system",
        "platform_version",
        "python_full_version",
        "python_version",
        "sys_platform",
        "extra",
        "extras",
        "dependency_groups",
    }
)
# Spellings from before PEP 508, still found in published metadata.
_OLD_SPELLINGS: Final = {
    "os.name": "os_name",
    "sys.platform": "sys_platform",
    "platform.machine": "platform_machine",
    "platform.version": "platform_version",
    "platform.python_implementation": "platform_python_implementation",
    "python_implementation": "platform_python_implementation",
}
_VERSIONS: Final = frozenset({"implementation_version", "python_full_version", "python_version"})
_SETS: Final = frozenset({"extras", "dependency_groups"})
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TEXT_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "==": operator.eq,
    "===": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<literal>'[^']*'|"[^"]*")
      | (?P<bracket>[()])
      | (?P<operator>===|[<>=!~]=|[<>])
      | (?P<word>[a-z][a-z_.]*)
    )""",
    re.VERBOSE,
)


class MarkerSyntaxError(ValueError):
    """Text that is not an environment marker."""


@dataclass(frozen=True, slots=True)
class VersionTest:
    """Compares a version variable with a version."""

    variable: str
    operator: str
    version: str


@dataclass(frozen=True, slots=True)
class TextTest:
    """Compares a variable with a text; `==` and the rest are on strings."""

    variable: str
    operator: str
    text: str


@dataclass(frozen=True, slots=True)
class ContainsTest:
    """`variable in 'text'`, or, when `reverse`, `'text' in variable`."""

    variable: str
    text: str
    reverse: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class MemberTest:
    """Asks whether `item` is in one of the sets `extra`, `extras`, `dependency_groups`."""

    variable: str
    item: str
    negated: bool


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Marker, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Marker, ...]


Marker: TypeAlias = VersionTest | TextTest | ContainsTest | MemberTest | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class MarkerEnvironment:
    """The values of all variables for one target; what is active (extras, groups) is told at each evaluation."""

    variables: Mapping[str, str]

    @property
    def python_full_version(self) -> str:
        return self.variables["python_full_version"]

    @classmethod
    def of(cls, platform: Platform, python_full_version: str) -> Self:
        """The environment of CPython `python_full_version`, with its patch level, on `platform`.

        Release and version of the kernel are unknown, so they are empty, as in every cross-platform resolution.
        Raises ValueError when the text is not a version.
        """
        try:
            version = Version(python_full_version)
        except InvalidVersion:
            raise ValueError(f"`{python_full_version}` is not a Python version") from None
        macos = platform.os is Os.MACOS
        return cls(
            {
                "implementation_name": "cpython",
                "implementation_version": python_full_version,
                "os_name": "posix",
                "platform_machine": "arm64" if macos and platform.cpu is Cpu.AARCH64 else platform.cpu.value,
                "platform_python_implementation": "CPython",
                "platform_release": "",
                "platform_system": "Darwin" if macos else "Linux",
                "platform_version": "",
                "python_full_version": python_full_version,
                "python_version": f"{version.major}.{version.minor}",
                "sys_platform": "darwin" if macos else "linux",
            }
        )

    def satisfies(
        self,
        marker: Marker | None,
        extras: AbstractSet[str] = frozenset(),
        groups: AbstractSet[str] = frozenset(),
    ) -> bool:
        """Whether the marker holds while `extras` (and conflict items) and `groups` are active."""
        match marker:
            case None:
                return True
            case AllOf(parts):
                return all(self.satisfies(part, extras, groups) for part in parts)
            case AnyOf(parts):
                return any(self.satisfies(part, extras, groups) for part in parts)
            case MemberTest(variable, item, negated):
                return (item in (groups if variable == "dependency_groups" else extras)) is not negated
            case VersionTest(variable, comparison, version):
                return _version_holds(comparison, version, self.variables[variable])
            case TextTest(variable, comparison, text):
                return _TEXT_OPERATORS[comparison](self.variables[variable], text)
            case ContainsTest(variable, text, reverse, negated):
                value = self.variables[variable]
                return (text in value if reverse else value in text) is not negated
            case _:
                assert_never(marker)


@lru_cache(maxsize=16384)
def parse_marker(text: str) -> Marker:
    """Read a marker expression; raises MarkerSyntaxError for anything else."""
    if len(text) > _MAX_LENGTH:
        raise MarkerSyntaxError(f"a marker of {len(text)} characters")
    return _Parser(text).whole()


@lru_cache(maxsize=16384)
def _version_holds(comparison: str, version: str, value: str) -> bool:
    return Specifier(comparison + version).contains(value, prereleases=True)


class _Parser:
    """Recursive descent over the tokens of one marker; `or` binds weaker than `and`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        self._next = 0
        position = 0
        end = len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position, end)
            if match is None or match.lastgroup is None:
                raise self._error(f"unexpected `{text[position : position + 20]}`")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()

    def whole(self) -> Marker:
        marker = self._any_of(0)
        if self._next != len(self._tokens):
            raise self._error(f"unexpected `{self._tokens[self._next][1]}`")
        return marker

    def _any_of(self, depth: int) -> Marker:
        parts = [self._all_of(depth)]
        while self._accept("word", "or"):
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all_of(self, depth: int) -> Marker:
        parts = [self._atom(depth)]
        while self._accept("word", "and"):
            parts.append(self._atom(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _atom(self, depth: int) -> Marker:
        if not self._accept("bracket", "("):
            return self._test()
        if depth == _MAX_DEPTH:
            raise self._error("too many nested brackets")
        marker = self._any_of(depth + 1)
        if not self._accept("bracket", ")"):
            raise self._error("`)` is missing")
        return marker

    def _test(self) -> Marker:
        left_kind, left = self._operand()
        comparison = self._comparison()
        right_kind, right = self._operand()
        match left_kind, right_kind:
            case "word", "literal":
                return self._normalised(left, comparison, right, reverse=False)
            case "literal", "word":
                return self._normalised(right, comparison, left, reverse=True)
        raise self._error("a test compares one variable with one literal")

    def _operand(self) -> tuple[str, str]:
        kind, text = self._take()
        if kind == "literal":
            return kind, text[1:-1]
        variable = _OLD_SPELLINGS.get(text, text)
        if kind != "word" or variable not in _VARIABLES:
            raise self._error(f"`{text}` is not a marker variable")
        return kind, variable

    def _comparison(self) -> str:
        kind, text = self._take()
        if kind == "operator" or text == "in":
            return text
        if (kind, text) == ("word", "not") and self._accept("word", "in"):
            return "not in"
        raise self._error(f"`{text}` is not a comparison")

    def _normalised(self, variable: str, comparison: str, literal: str, *, reverse: bool) -> Marker:
        negated = comparison in ("!=", "not in")
        if variable == "extra" or variable in _SETS:
            fits = comparison in ("==", "!=") if variable == "extra" else reverse and comparison in ("in", "not in")
            if not fits:
                raise self._error(f"`{variable}` can't be compared with `{comparison}`")
            try:
                return MemberTest(variable, normalise_name(literal), negated)
            except ValueError as error:
                raise self._error(str(error)) from None
        if comparison in ("in", "not in"):
            return ContainsTest(variable, literal, reverse, negated)
        if reverse:
            comparison = _MIRRORED.get(comparison, comparison)
        if variable in _VERSIONS:
            try:
                Specifier(comparison + literal)
            except InvalidSpecifier:
                pass  # PEP 508: what is not a version is compared as text.
            else:
                return VersionTest(variable, comparison, literal)
        if comparison not in _TEXT_OPERATORS:
            raise self._error(f"`{literal}` can't be compared with `{comparison}`")
        return TextTest(variable, comparison, literal)

    def _take(self) -> tuple[str, str]:
        if self._next == len(self._tokens):
            raise self._error("it ends too early")
        self._next += 1
        return self._tokens[self._next - 1]

    def _accept(self, kind: str, text: str) -> bool:
        if self._next < len(self._tokens) and self._tokens[self._next] == (kind, text):
            self._next += 1
            return True
        return False

    def _error(self, reason: str) -> MarkerSyntaxError:
        shown = self._text if len(self._text) <= 120 else self._text[:117] + "..."
        return MarkerSyntaxError(f"malformed marker `{shown}`: {reason}")
