"""Target patterns: one text that names one target or many.

`//a/b:c` and `//a/b` name a target, `//a/b:all` the rules of a package unless a target in it is called so,
`//a/b:*` everything in it, `//a/...` the rules of all packages below. Without `//` a pattern starts at the current
directory, and `a/b` may be a package or a file. A leading `-` takes targets away again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.model.label import MAIN_REPOSITORY, InvalidLabel, Label, PackageId
from venvship.model.paths import join, normalise

_RULES = "all"
_EVERYTHING = ("*", "all-targets")
_BELOW = "..."


class InvalidPattern(UserError):
    """A text can't be understood as a target pattern."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"invalid target pattern `{text}`: {reason}",
            hint="patterns look like `//package:target`, `//package/...`, `:target` or `path/to/file.py`",
        )


@dataclass(frozen=True, slots=True)
class OneTarget:
    label: Label


@dataclass(frozen=True, slots=True)
class TargetsIn:
    """The rules of a package, or everything in it; `word` stands after the colon."""

    package: PackageId
    word: str

    @property
    def rules_only(self) -> bool:
        return self.word == _RULES


@dataclass(frozen=True, slots=True)
class TargetsBelow:
    """The rules of all packages in a directory and below it, or everything in them."""

    repository: str
    directory: str
    rules_only: bool


@dataclass(frozen=True, slots=True)
class PathInWorkspace:
    """A path that is a package, or a target or file in the nearest package above."""

    path: str


Matched: TypeAlias = OneTarget | TargetsIn | TargetsBelow | PathInWorkspace


@dataclass(frozen=True, slots=True)
class TargetPattern:
    """`text` is what the user wrote."""

    text: str
    matched: Matched
    is_negative: bool = False

    @property
    def is_wildcard(self) -> bool:
        """Whether it names targets without saying their names."""
        return isinstance(self.matched, TargetsIn | TargetsBelow)


def parse_pattern(text: str, *, relative_to: PackageId, mapping: Mapping[str, str]) -> TargetPattern:
    """Read a pattern as it is meant in the directory `relative_to`; raises InvalidPattern or InvalidLabel."""
    is_negative = text.startswith("-")
    positive = text.removeprefix("-")
    if not positive or positive.startswith("-"):
        raise InvalidPattern(text, "no target is named")
    return TargetPattern(text, _parse(positive, relative_to, mapping), is_negative)


def _parse(text: str, here: PackageId, mapping: Mapping[str, str]) -> Matched:
    is_absolute = text.startswith(("//", "@"))
    if text.startswith("/") and not is_absolute:
        raise InvalidPattern(text, "paths start at the current directory, packages with `//`")
    path, colon, name = text.rpartition(":") if ":" in text else (text, "", "")
    if path == _BELOW or path.endswith("/" + _BELOW):
        return _below(text, path, colon, name, here, mapping)
    if colon and name in (_RULES, *_EVERYTHING):
        package = _package(text, path, here, mapping)
        return TargetsIn(package, name)
    if is_absolute:
        return OneTarget(Label.parse(text, relative_to=here, repository_mapping=mapping))
    if colon:
        package = _package(text, path, here, mapping)
        return OneTarget(Label.parse(f":{name}", relative_to=package))
    return PathInWorkspace(_relative(text, text, here))


def _below(text: str, path: str, colon: str, name: str, here: PackageId, mapping: Mapping[str, str]) -> TargetsBelow:
    if colon and name not in (_RULES, *_EVERYTHING):
        raise InvalidPattern(text, f"`{_BELOW}` names many packages, so only `:all` and `:*` can follow")
    directory = path[: -len(_BELOW)]
    if directory.endswith("//"):
        repository = _package(text, directory, here, mapping).repository
        return TargetsBelow(repository, "", name not in _EVERYTHING)
    package = _package(text, directory.removesuffix("/"), here, mapping)
    return TargetsBelow(package.repository, package.path, name not in _EVERYTHING)


def _package(text: str, path: str, here: PackageId, mapping: Mapping[str, str]) -> PackageId:
    """The package of `//a/b`, `@repo//a/b` or `a/b`."""
    # A label needs a target name; the one given here is never looked at.
    try:
        if path.startswith(("//", "@")):
            return Label.parse(f"{path}:package", relative_to=here, repository_mapping=mapping).package
        package = _relative(text, path, here)
        return Label.parse(f"//{package}:package", relative_to=PackageId(MAIN_REPOSITORY, "")).package
    except InvalidLabel as error:
        raise InvalidLabel(text, error.reason) from None


def _relative(text: str, path: str, here: PackageId) -> str:
    try:
        normal = normalise(join(here.path, path.rstrip("/")))
    except ValueError as error:
        raise InvalidPattern(text, "it leads out of the workspace") from error
    return "" if normal == "." else normal
