"""`File`: artifacts as values of the language."""

from __future__ import annotations

from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.label import Label
from venvship.model.paths import join, parent
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, register
from venvship.starlark.printer import Printer


class TreeFile(Artifact):
    """A file in a directory artifact, known once the directory is made; `map_each` functions see these."""

    __slots__ = ("tree_relative_path",)

    def __init__(self, tree: Artifact, path: str) -> None:
        super().__init__(tree.root, join(tree.path, path), tree.owner)
        self.tree_relative_path = path


def _extension(file: Artifact) -> str:
    _, dot, extension = file.path.rpartition("/")[2].rpartition(".")
    return extension if dot else ""


def _tree_relative_path(file: Artifact) -> str:
    if isinstance(file, TreeFile):
        return file.tree_relative_path
    raise EvaluationError("tree_relative_path not allowed for files that are not tree artifact files")


def _owner(file: Artifact) -> Label:
    return file.owner


def _repr(file: Artifact, printer: Printer) -> None:
    printer.write(f"<{'source' if file.is_source else 'generated'} file {file.path}>")


FILE = HostType(
    name="File",
    fields={
        "basename": lambda file: file.exec_path.rpartition("/")[2],
        "dirname": lambda file: parent(file.exec_path),
        "extension": _extension,
        "is_directory": lambda file: file.kind is ArtifactKind.DIRECTORY,
        "is_source": lambda file: file.is_source,
        "is_symlink": lambda file: file.kind is ArtifactKind.SYMLINK,
        "owner": _owner,
        "path": lambda file: file.exec_path,
        "root": lambda file: file.root,
        "short_path": lambda file: file.short_path,
        "tree_relative_path": _tree_relative_path,
    },
    hashable=True,
    repr=_repr,
)
register(Artifact, FILE)
register(TreeFile, FILE)


def _repr_root(root: Root, printer: Printer) -> None:
    printer.write(f"{root.exec_path}[{'source' if root.is_source else 'derived'}]")


register(Root, HostType(name="root", fields={"path": lambda root: root.exec_path}, hashable=True, repr=_repr_root))
