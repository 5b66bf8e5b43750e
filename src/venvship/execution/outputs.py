"""What an artifact turned out to be: the content of a file, the text of a link, the tree of a directory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from venvship.model.digest import Digest


@dataclass(frozen=True, slots=True)
class OutputFile:
    digest: Digest
    executable: bool = False

    def __str__(self) -> str:
        return f"{'x' if self.executable else 'f'} {self.digest}"


@dataclass(frozen=True, slots=True)
class OutputLink:
    """A link that is an artifact of its own; what it leads to is not part of it."""

    text: str

    def __str__(self) -> str:
        return f"l {self.text}"


@dataclass(frozen=True, slots=True)
class OutputTree:
    digest: Digest

    def __str__(self) -> str:
        return f"t {self.digest}"


Output: TypeAlias = OutputFile | OutputLink | OutputTree


def parse_output(text: str) -> Output:
    """Read what `str` wrote; raises ValueError for anything else."""
    kind, space, rest = text.partition(" ")
    if space:
        match kind:
            case "f" | "x":
                return OutputFile(Digest.parse(rest), kind == "x")
            case "l":
                return OutputLink(rest)
            case "t":
                return OutputTree(Digest.parse(rest))
    raise ValueError(f"malformed output {text!r}")
