"""Which path of an image lies in which layer.

Groups come lowest first, and the first group that names a path owns it: whatever later groups say about the same path
must be the same, and is left out of their layers. So nothing is stored twice, and a layer that many images share can
stay as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from venvship.archives.layer import (
    ConflictingLayerPaths,
    LayerDirectory,
    LayerEntry,
    LayerPlan,
    LayerTree,
    described,
    parents,
    same_content,
)
from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact
from venvship.model.paths import TreePath, normalise


class BadLayerPath(UserError):
    """A path of a layer would leave it."""

    def __init__(self, path: str, entry: LayerEntry) -> None:
        super().__init__(f"`{path}` can't be a path of a layer; it is wanted for {described(entry)}")


@dataclass(frozen=True, slots=True)
class LayerGroup:
    """Entries that travel together.

    A `shared` group becomes a layer that does not depend on the groups below it, so that images with other groups
    below have the same bytes; it holds its own parent directories even if a lower layer has them.
    """

    name: str
    entries: tuple[LayerEntry, ...]
    shared: bool = False


def plan_layers(groups: Iterable[LayerGroup]) -> tuple[LayerPlan, ...]:
    """One layer for each group that has something of its own; raises ConflictingLayerPaths or BadLayerPath."""
    owners: dict[TreePath, LayerEntry] = {}
    trees: dict[TreePath, list[LayerTree]] = {}
    directories: set[TreePath] = set()
    conflicts: list[tuple[str, LayerEntry, LayerEntry]] = []
    planned: list[tuple[LayerGroup, list[LayerEntry], frozenset[TreePath]]] = []
    for group in groups:
        below = frozenset(directories)
        own: list[LayerEntry] = []
        for entry in group.entries:
            _check_path(entry)
            if isinstance(entry, LayerTree):
                # Trees may share a place; whether they agree there is known when they are expanded.
                placed = trees.setdefault(entry.path, [])
                if any(same_content(tree, entry) for tree in placed):
                    continue
                placed.append(entry)
            else:
                present = owners.get(entry.path)
                if present is not None:
                    if not same_content(present, entry):
                        conflicts.append((entry.path, present, entry))
                    continue
                owners[entry.path] = entry
            own.append(entry)
            directories.update(parents(entry.path))
            if isinstance(entry, LayerDirectory | LayerTree) and entry.path:
                directories.add(entry.path)
        planned.append((group, own, below))
    for path in directories:
        blocker = owners.get(path)
        if blocker is not None and not isinstance(blocker, LayerDirectory):
            conflicts.append((path, blocker, _something_below(path, owners, trees)))
    if conflicts:
        raise ConflictingLayerPaths(conflicts)
    return tuple(
        LayerPlan(group.name, tuple(own), frozenset() if group.shared else _needed(own, below))
        for group, own, below in planned
        if own
    )


def _check_path(entry: LayerEntry) -> None:
    path = entry.path
    try:
        normal = normalise(path)
    except ValueError as error:
        raise BadLayerPath(path, entry) from error
    if normal != path or "\0" in path or not (path or isinstance(entry, LayerTree)):
        raise BadLayerPath(path, entry)


def _needed(own: Sequence[LayerEntry], below: frozenset[TreePath]) -> frozenset[TreePath]:
    """Those directories of lower layers that this one would otherwise repeat: its bytes depend on no others."""
    repeated: set[TreePath] = set()
    for entry in own:
        repeated.update(path for path in parents(entry.path) if path in below)
        if isinstance(entry, LayerTree) and entry.path in below:
            repeated.add(entry.path)
    return frozenset(repeated)


def _something_below(
    path: TreePath, owners: Mapping[TreePath, LayerEntry], trees: Mapping[TreePath, Sequence[LayerTree]]
) -> LayerEntry:
    below = [entry for at, entry in owners.items() if at.startswith(path + "/")]
    below += [entry for at, placed in trees.items() if at == path or at.startswith(path + "/") for entry in placed]
    return min(below, key=lambda entry: entry.path)


def layer_request(
    plan: LayerPlan,
    *,
    blob: Artifact,
    descriptor: Artifact | None,
    compression: str = "gzip",
    compressor: str = "isal",
    level: int | None = None,
    uid: int = 0,
    gid: int = 0,
    mtime: int = 0,
    uname: str = "",
    gname: str = "",
    annotations: Mapping[str, str] | None = None,
) -> Mapping[str, RequestValue]:
    """What `venvship.tools.write_layer` is asked, to write `plan`."""
    request: dict[str, RequestValue] = {
        "rows": plan.rows(),
        "output": blob,
        "compression": compression,
        "uid": uid,
        "gid": gid,
        **({"uname": uname} if uname else {}),
        **({"gname": gname} if gname else {}),
        "mtime": mtime,
    }
    if descriptor is not None:
        request["descriptor"] = descriptor
    if compression == "gzip":
        request["compressor"] = compressor
    if level is not None:
        request["level"] = level
    if plan.skip:
        request["skip"] = tuple(sorted(plan.skip))
    if annotations:
        request["annotations"] = dict(sorted(annotations.items()))
    return request
