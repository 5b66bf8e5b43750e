"""Which distributions may be wheels, and which may be built from archives, where settings of pip or uv say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from venvship.dataclass import dataclass
from venvship.wheels.filename import normalise_name

_ALL: Final = ":all:"
_NONE: Final = ":none:"


@dataclass(frozen=True, slots=True)
class Formats:
    """Names, or `:all:`: those of `no_binary` may be no wheels, archives of those of `only_binary` are not built.

    `said_by` is where that is written, for messages.
    """

    no_binary: frozenset[str] = frozenset()
    only_binary: frozenset[str] = frozenset()
    said_by: str = ""

    def with_no_binary(self, value: str) -> Formats:
        """With an option `--no-binary` of pip after those before; raises ValueError.

        >>> Formats().with_only_binary(":all:").with_no_binary("six,a").with_only_binary("a").may_be_wheel("six")
        False
        """
        said, other = _after(value, self.no_binary, self.only_binary)
        return replace(self, no_binary=said, only_binary=other)

    def with_only_binary(self, value: str) -> Formats:
        said, other = _after(value, self.only_binary, self.no_binary)
        return replace(self, only_binary=said, no_binary=other)

    def may_be_wheel(self, name: str) -> bool:
        return name not in self.no_binary and (_ALL not in self.no_binary or name in self.only_binary)

    def may_be_built(self, name: str) -> bool:
        """Whether an archive may be; a commit or a directory always is."""
        return name not in self.only_binary and (_ALL not in self.only_binary or name in self.no_binary)


ANY_FORMAT: Final = Formats()


def _after(value: str, said: frozenset[str], other: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Both sets after another option for the first; the last word on a name counts."""
    for text in (part.strip() for part in value.split(",")):
        if text == _ALL:
            said, other = frozenset({_ALL}), frozenset()
        elif text == _NONE:
            said = frozenset()
        else:
            name = normalise_name(text)
            said, other = said | {name}, other - {name}
    return said, other


def formats_of_uv(document: Mapping[str, object], *, shown: str) -> Formats:
    """What the table `tool.uv` of a `pyproject.toml` says; what is wrong with it uv complains of."""
    tool = document.get("tool")
    table = tool.get("uv") if isinstance(tool, Mapping) else None
    if not isinstance(table, Mapping):
        return ANY_FORMAT
    no_binary = _named(table, "no-binary", "no-binary-package")
    return Formats(no_binary, _named(table, "no-build", "no-build-package"), f"`tool.uv` of `{shown}`")


def _named(table: Mapping[str, object], every: str, some: str) -> frozenset[str]:
    texts = table.get(some)
    found = {_normalised(str(text)) for text in texts} if isinstance(texts, list) else set()
    return frozenset(found | ({_ALL} if table.get(every) is True else set()))


def _normalised(name: str) -> str:
    try:
        return normalise_name(name)
    except ValueError:
        return name  # of nothing that could be locked
