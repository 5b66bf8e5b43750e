"""What an artifact turned out to be: the content of a file, the text of a link, the tree of a directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem
from venvship.model.artifact import Artifact
from venvship.model.digest import Digest
from venvship.model.paths import ExecPath


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
        # By exec path, which artifacts are compared by: a text is hashed once, and without a call of ours.
        self._rows: dict[ExecPath, _Row] = {}

    def __getitem__(self, artifact: Artifact) -> Output:
        row = self._rows.get(artifact.exec_path)
        if row is None:
            raise KeyError(artifact)
        if row.output is None:
            try:
                row.output = parse_output(row.text or "")
            except ValueError as error:
                raise BrokenRecord(row.text or "") from error
        return row.output

    def __iter__(self) -> Iterator[Artifact]:
        return (row.artifact for row in self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, artifact: object) -> bool:
        return isinstance(artifact, Artifact) and artifact.exec_path in self._rows

    def text(self, artifact: Artifact) -> str:
        """The text of the output, by which keys of actions know it."""
        return self._rows[artifact.exec_path].known_text()

    def texts(self) -> Iterator[tuple[Artifact, str]]:
        """All of them with their texts."""
        return ((row.artifact, row.known_text()) for row in self._rows.values())

    def add(self, artifact: Artifact, output: Output) -> None:
        self._rows[artifact.exec_path] = _Row(artifact, output, None)

    def add_text(self, artifact: Artifact, text: str) -> None:
        self._rows[artifact.exec_path] = _Row(artifact, None, text)


class _Row:
    """An artifact with what it turned out to be, as a value or as its text, or both."""

    __slots__ = ("artifact", "output", "text")

    def __init__(self, artifact: Artifact, output: Output | None, text: str | None) -> None:
        self.artifact = artifact
        self.output = output
        self.text = text

    def known_text(self) -> str:
        if self.text is None:
            self.text = str(self.output)
        return self.text
