"""Artifacts: files, directories and links that a build reads or makes, before any of them exists.

Outputs are laid out as runfiles are: `venvship-out/<configuration>/bin/` stands for the main repository's
`_main/`, and every other repository's outputs lie beside it as `venvship-out/<configuration>/<repository>/`. One
relative link text therefore leads to the same place in the output tree, in a runfiles tree and in an image.

Directories with bytecode lie in a tree of their own that is laid out the same way, below
`venvship-out/<configuration>/.bytecode/`. In runfiles and images they have the places of those without.
"""

from __future__ import annotations

import enum
import functools

from venvship.dataclass import dataclass
from venvship.model.label import MAIN_RUNFILES_DIRECTORY, Label
from venvship.model.paths import ExecPath, TreePath, join

OUTPUT_DIRECTORY = "venvship-out"
EXTERNAL_DIRECTORY = "external"
_BYTECODE_DIRECTORY = ".bytecode"


class ArtifactKind(enum.Enum):
    FILE = "file"  # a regular file
    DIRECTORY = "directory"  # one artifact whose content is known when it is made
    SYMLINK = "symlink"  # a link with a text of its own, never followed


@dataclass(frozen=True, slots=True, order=True)
class Root:
    """The directory below the execution root that the paths of some artifacts start from."""

    exec_path: str
    repository: str
    is_source: bool

    @property
    def runfiles_directory(self) -> str:
        return self.repository or MAIN_RUNFILES_DIRECTORY

    # One object for each: all artifacts of a directory have the same.

    @classmethod
    @functools.cache
    def of_sources(cls, repository: str) -> Root:
        return cls(join(EXTERNAL_DIRECTORY, repository) if repository else "", repository, True)

    @classmethod
    @functools.cache
    def of_outputs(cls, configuration_directory: str, repository: str) -> Root:
        return cls(join(OUTPUT_DIRECTORY, configuration_directory, repository or "bin"), repository, False)

    @property
    def with_bytecode(self) -> Root:
        """The root of directories that hold what those of this one do, and bytecode."""
        above, _, last = self.exec_path.rpartition("/")
        return Root(join(above, _BYTECODE_DIRECTORY, last), self.repository, self.is_source)

    @property
    def without_bytecode(self) -> Root | None:
        """The root whose `with_bytecode` this is, if it is one."""
        above, _, last = self.exec_path.rpartition("/")
        configuration = above.removesuffix(f"/{_BYTECODE_DIRECTORY}")
        return None if configuration == above else Root(f"{configuration}/{last}", self.repository, self.is_source)


class Artifact:
    """One file, directory or link. Two artifacts are the same when their exec paths are."""

    __slots__ = ("_hash", "exec_path", "is_source", "kind", "owner", "path", "root")

    def __init__(self, root: Root, path: str, owner: Label, kind: ArtifactKind = ArtifactKind.FILE) -> None:
        self.root = root
        self.is_source = root.is_source
        self.path = path
        self.owner = owner
        self.kind = kind
        self.exec_path = ExecPath(f"{root.exec_path}/{path}" if root.exec_path and path else root.exec_path or path)
        self._hash = hash(self.exec_path)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Artifact) and other.exec_path == self.exec_path)

    def __lt__(self, other: Artifact) -> bool:
        return self.exec_path < other.exec_path

    def __repr__(self) -> str:
        return f"<{self.kind.value} {self.exec_path}>"

    @property
    def runfiles_path(self) -> TreePath:
        """Where a runfiles tree holds this artifact: `_main/pkg/name` or `repository/pkg/name`."""
        return TreePath(join(self.root.runfiles_directory, self.path))

    @property
    def without_bytecode(self) -> Artifact | None:
        """The directory that a directory with bytecode stands for; at the place of both, the latter is taken."""
        root = self.root.without_bytecode
        return None if root is None else Artifact(root, self.path, self.owner, self.kind)

    @property
    def short_path(self) -> str:
        """The path relative to the runfiles directory of the main repository, as Bazel's `File.short_path`."""
        return f"../{self.root.repository}/{self.path}" if self.root.repository else self.path
