"""What a layer or a tar file shall hold, as a value: files, links and directories with their places and owners.

A tree is one entry, whatever it holds: planning costs the number of wheels, not of their files. The tool that writes
the layer expands trees and checks what only their content can tell.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import TypeAlias, assert_never

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact
from venvship.model.paths import TreePath


@dataclass(frozen=True, slots=True)
class Attributes:
    """Owner, time and permissions of one entry; None leaves it to the layer, or to the execute bit."""

    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    mtime: int | None = None
    uname: str | None = None
    gname: str | None = None

    def row(self) -> dict[str, RequestValue]:
        names = ("mode", "uid", "gid", "mtime", "uname", "gname")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


PLAIN = Attributes()


@dataclass(frozen=True, slots=True)
class LayerFile:
    """A file that the build reads or makes; `executable` of None keeps the execute bit that it has."""

    path: TreePath
    source: Artifact
    executable: bool | None = False
    origin: str = ""
    attributes: Attributes = PLAIN


@dataclass(frozen=True, slots=True)
class LayerText:
    """A small file whose bytes are known."""

    path: TreePath
    content: bytes
    executable: bool = False
    origin: str = ""
    attributes: Attributes = PLAIN


@dataclass(frozen=True, slots=True)
class LayerLink:
    path: TreePath
    text: str
    origin: str = ""
    attributes: Attributes = PLAIN


@dataclass(frozen=True, slots=True)
class LayerLinkOf:
    """The text of a link that the build reads or makes, which is never followed."""

    path: TreePath
    source: Artifact
    origin: str = ""
    attributes: Attributes = PLAIN


@dataclass(frozen=True, slots=True)
class LayerDirectory:
    """A directory that exists even if nothing lies in it, or has attributes of its own."""

    path: TreePath
    origin: str = ""
    attributes: Attributes = PLAIN


@dataclass(frozen=True, slots=True)
class LayerTree:
    """The content of a directory artifact, below `path` (`""` is the root of the layer).

    `wheel` is the wheel file that the tree was unpacked from: its compressed bytes are reused. Of the tree's paths
    those below `strip` are taken, without that prefix, that match a pattern of `include` (all, when there is none) and
    no pattern of `exclude`; patterns see the path inside the tree, `*` keeps to one segment and `**` does not.
    With a `listing`, as `tools.unpack_tar` writes it, that says what of the tree lies where.
    """

    path: TreePath
    source: Artifact
    wheel: Artifact | None = None
    strip: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    origin: str = ""
    attributes: Attributes = PLAIN
    listing: Artifact | None = None


LayerEntry: TypeAlias = LayerFile | LayerText | LayerLink | LayerLinkOf | LayerDirectory | LayerTree


class ConflictingLayerPaths(UserError):
    """One path of an archive or an image is wanted with different content, or below something that is no directory."""

    def __init__(self, conflicts: Iterable[tuple[str, LayerEntry, LayerEntry]]) -> None:
        rows = sorted({(path, described(first), described(second)) for path, first, second in conflicts})
        super().__init__(
            "these paths are filled twice, with different content:\n"
            + "\n".join(f"  {path}: {first} and {second}" for path, first, second in rows),
            hint="give one of them another place, or leave it out",
        )
        self.paths = tuple(path for path, _, _ in rows)


def described(entry: LayerEntry) -> str:
    """What an entry puts where, and for whom, in a few words."""
    what: str
    match entry:
        case LayerFile() | LayerTree():
            what = entry.source.exec_path
        case LayerLinkOf():
            what = f"the link {entry.source.exec_path}"
        case LayerText():
            what = f"a text of {len(entry.content)} bytes"
        case LayerLink():
            what = f"a link to `{entry.text}`"
        case LayerDirectory():
            what = "a directory"
        case _:
            assert_never(entry)
    return f"{what} ({entry.origin})" if entry.origin else what


def same_content(first: LayerEntry, second: LayerEntry) -> bool:
    """Whether two entries for one path leave the same there, as far as a plan can know."""
    match first, second:
        case LayerFile(), LayerFile():
            same = first.source == second.source and first.executable == second.executable
        case LayerText(), LayerText():
            same = first.content == second.content and first.executable == second.executable
        case LayerLink(), LayerLink():
            same = first.text == second.text
        case LayerLinkOf(), LayerLinkOf():
            same = first.source == second.source
        case LayerDirectory(), LayerDirectory():
            same = True
        case LayerTree(), LayerTree():
            parts = [(tree.source, tree.strip, tree.include, tree.exclude) for tree in (first, second)]
            same = parts[0] == parts[1]
        case _:
            return False
    return same and first.attributes == second.attributes


def parents(path: str) -> Iterator[TreePath]:
    """The directories above `path`, the nearest first, without the root."""
    cut = path.rfind("/")
    while cut > 0:
        yield TreePath(path[:cut])
        cut = path.rfind("/", 0, cut)


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """One layer: `entries` in the order they were asked for, each path once.

    `skip` are directories that lower layers hold and that this one therefore needs no entries for.
    """

    name: str
    entries: tuple[LayerEntry, ...]
    skip: frozenset[TreePath] = field(default_factory=frozenset)

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """Everything that must exist for the layer to be written."""
        found: dict[Artifact, None] = {}
        for entry in self.entries:
            if isinstance(entry, LayerFile | LayerLinkOf | LayerTree):
                found[entry.source] = None
            if isinstance(entry, LayerTree):
                found.update((file, None) for file in (entry.wheel, entry.listing) if file is not None)
        return tuple(found)

    def rows(self) -> tuple[Mapping[str, RequestValue], ...]:
        """The rows of a request to `venvship.tools.write_layer`."""
        return tuple(_row(entry) for entry in self.entries)


def _row(entry: LayerEntry) -> Mapping[str, RequestValue]:
    row: dict[str, RequestValue]
    match entry:
        case LayerFile():
            row = {"path": entry.source, "at": entry.path}
            if entry.executable is not None:
                row = {"file": entry.source, "at": entry.path, "executable": entry.executable}
        case LayerText():
            text = base64.b64encode(entry.content).decode()
            row = {"text": text, "at": entry.path, "executable": entry.executable}
        case LayerLink():
            row = {"link": entry.text, "at": entry.path}
        case LayerLinkOf():
            row = {"link_of": entry.source, "at": entry.path}
        case LayerDirectory():
            row = {"directory": entry.path}
        case LayerTree(listing=Artifact() as listing):
            row = {"mtree": listing, "contents": {"members": entry.source}, "merged": True}
            if entry.path:
                row["mutate"] = {"package_dir": entry.path}
        case LayerTree():
            row = {"tree": entry.source, "at": entry.path}
            if entry.wheel is not None:
                row["wheel"] = entry.wheel
            if entry.strip:
                row["strip"] = entry.strip
            if entry.include:
                row["include"] = entry.include
            if entry.exclude:
                row["exclude"] = entry.exclude
        case _:
            assert_never(entry)
    if entry.origin:
        row["origin"] = entry.origin
    return {**row, **entry.attributes.row()}
