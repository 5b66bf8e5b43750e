"""What Debian packages say of each other: `Depends`, `Provides`, `Conflicts` (Debian Policy, chapter 7)."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from typing import Final

from venvship.dataclass import dataclass
from venvship.repos.debian_version import VersionKey, version_key

_RELATION: Final = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]*)(?::(?P<qualifier>[a-z0-9-]+))?\s*"
    r"(?:\(\s*(?P<operator><<|<=|=|>=|>>|<|>)\s*(?P<version>[A-Za-z0-9.+:~-]{1,200})\s*\)\s*)?"
    r"(?:\[(?P<architectures>[^\]]*)\]\s*)?(?:<[^>]*>\s*)*\Z"
)
_LONGEST = 256 << 10


class MalformedRelation(ValueError):
    """A text that is no relation between packages."""


class Comparison(enum.Enum):
    """How the version that there is must stand to the version that is named."""

    EARLIER = "<<"
    UP_TO = "<="
    EXACTLY = "="
    FROM = ">="
    LATER = ">>"


_HOLDS: Final[Mapping[Comparison, Callable[[VersionKey, VersionKey], bool]]] = {
    Comparison.EARLIER: lambda present, named: present < named,
    Comparison.UP_TO: lambda present, named: present <= named,
    Comparison.EXACTLY: lambda present, named: present == named,
    Comparison.FROM: lambda present, named: present >= named,
    Comparison.LATER: lambda present, named: present > named,
}
# The single signs are what they were before the policy had the double ones.
_OLD: Final = {"<": "<=", ">": ">="}


@dataclass(frozen=True, slots=True)
class Relation:
    """A package or what packages provide, perhaps of some versions only.

    >>> str(Relation.parse("libc6:any (>= 2.36)"))
    'libc6:any (>= 2.36)'
    """

    name: str
    comparison: Comparison | None = None
    version: str = ""
    qualifier: str = ""
    architectures: str = ""

    def __str__(self) -> str:
        text = f"{self.name}:{self.qualifier}" if self.qualifier else self.name
        return f"{text} ({self.comparison.value} {self.version})" if self.comparison is not None else text

    @classmethod
    def parse(cls, text: str) -> Relation:
        """Raises MalformedRelation."""
        found = _RELATION.match(text.strip())
        if found is None:
            raise MalformedRelation(f"`{text.strip()[:80]}` is no relation between packages")
        sign = found["operator"]
        return cls(
            found["name"],
            Comparison(_OLD.get(sign, sign)) if sign else None,
            found["version"] or "",
            found["qualifier"] or "",
            " ".join((found["architectures"] or "").split()),
        )

    def admits(self, version: str) -> bool:
        """Whether a version is one of those that are meant."""
        return self.comparison is None or _HOLDS[self.comparison](version_key(version), version_key(self.version))

    def concerns(self, architecture: str) -> bool:
        """Whether it is said for packages of `architecture`, and of packages that can be had for it.

        >>> Relation.parse("libx [!arm64]").concerns("arm64"), Relation.parse("libx:any").concerns("arm64")
        (False, True)
        """
        if self.qualifier not in ("", "any", "native", "all", architecture):
            return False
        words = self.architectures.split()
        if not words:
            return True
        if words[0].startswith("!"):
            return not any(_is(word.removeprefix("!"), architecture) for word in words)
        return any(_is(word, architecture) for word in words)


def _is(word: str, architecture: str) -> bool:
    return word in (architecture, "any", "linux-any", f"any-{architecture}", f"linux-{architecture}")


def parse_clauses(text: str) -> tuple[tuple[Relation, ...], ...]:
    """The clauses of a field, all of which must hold, each by one of its relations; raises MalformedRelation.

    >>> [[str(relation) for relation in clause] for clause in parse_clauses("a, b (>= 1) | c")]
    [['a'], ['b (>= 1)', 'c']]
    """
    if len(text) > _LONGEST:
        raise MalformedRelation(f"{len(text)} characters of relations")
    return tuple(
        tuple(Relation.parse(part) for part in clause.split("|")) for clause in text.split(",") if clause.strip()
    )
