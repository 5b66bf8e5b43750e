"""What an artifact turned out to be: the content of a file, the text of a link, the tree of a directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem
from venvship.model.artifact import Artifact
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


def is_file(text: str) -> bool:
    """Whether the text of an output is that of a file."""
    return text.startswith(("f ", "x "))


class BrokenRecord(EnvironmentProblem):
    """What was kept about the output tree can't be read."""

    def __init__(self, text: str) -> None:
        super().__init__(f"the record of an output is broken: {text[:80]!r}", hint="run `clean` and try again")


class Outputs(Mapping[Artifact, Output]):
    """What artifacts turned out to be; what was kept as text is read when somebody asks for it.

    A build in which nothing changed asks for almost nothing.
    """

    def __init__(self) -> None:
        self._known: dict[Artifact, Output] = {}
        self._texts: dict[Artifact, str] = {}

    def __getitem__(self, artifact: Artifact) -> Output:
        known = self._known.get(artifact)
        if known is None:
            text = self._texts[artifact]
            try:
                known = self._known[artifact] = parse_output(text)
            except ValueError as error:
                raise BrokenRecord(text) from error
        return known

    def __iter__(self) -> Iterator[Artifact]:
        return iter(self._known | self._texts)

    def __len__(self) -> int:
        return len(self._known.keys() | self._texts.keys())

    def __contains__(self, artifact: object) -> bool:
        return artifact in self._known or artifact in self._texts

    def text(self, artifact: Artifact) -> str:
        """The text of the output, by which keys of actions know it."""
        text = self._texts.get(artifact)
        if text is None:
            text = self._texts[artifact] = str(self._known[artifact])
        return text

    def texts(self) -> Iterator[tuple[Artifact, str]]:
        """All of them with their texts."""
        return ((artifact, self.text(artifact)) for artifact in self)

    def add(self, artifact: Artifact, output: Output) -> None:
        self._known[artifact] = output
        self._texts.pop(artifact, None)

    def add_text(self, artifact: Artifact, text: str) -> None:
        self._texts[artifact] = text
        self._known.pop(artifact, None)
