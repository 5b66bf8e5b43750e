"""Lays file trees over each other as links, linking a directory whole wherever one tree fills it alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set

from venvship.dataclass import dataclass
from venvship.venvs.file_tree import FileTree
from venvship.venvs.wheel_layout import FileIdentity, InstalledWheel, is_metadata

_INIT = "__init__.py"
_BYTECODE = "__pycache__"


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """One wheel's part in a merge; `entries` are the direct entries of `tree`, known beforehand."""

    wheel: InstalledWheel
    root: str
    tree: FileTree
    entries: Sequence[tuple[str, bool]]
    identities: Mapping[str, FileIdentity]
    bytecode_tag: str | None = None

    @classmethod
    def of_site(cls, wheel: InstalledWheel) -> Overlay:
        return cls(wheel, wheel.site_packages, wheel.site, wheel.top_levels, wheel.identities, wheel.bytecode_tag)

    @classmethod
    def of_data(cls, wheel: InstalledWheel, *, without: Set[str]) -> Overlay:
        """A wheel's data files, apart from those at the paths `without`."""
        tree = FileTree(tuple(path for path in wheel.data.paths if path not in without))
        return cls(wheel, wheel.prefix, tree, tuple(tree.children()), wheel.data_identities)

    def children(self, directory: str) -> Iterator[tuple[str, bool]]:
        return self.tree.children(directory) if directory else iter(self.entries)


@dataclass(frozen=True, slots=True)
class Clash:
    """Wheels that want one path for different files, the strongest first."""

    path: str
    wheels: tuple[InstalledWheel, ...]


@dataclass(slots=True)
class Merged:
    """Where each link leads: paths relative to the merged directory, targets as the roots of the overlays."""

    links: dict[str, str]
    clashes: list[Clash]


def merge(overlays: Sequence[Overlay], *, real: Set[str], reserved: Set[str] = frozenset()) -> Merged:
    """Lay `overlays` over each other; the first that has a path wins it.

    `real` are directories that may not be linked whole; `reserved` paths are left to somebody else.
    """
    links: dict[str, str] = {}
    clashes: list[Clash] = []
    # An explicit stack: nothing bounds the depth of the paths in a wheel.
    pending: list[tuple[str, Sequence[Overlay]]] = [("", overlays)]
    while pending:
        directory, sharers = pending.pop()
        claims: defaultdict[str, list[tuple[Overlay, bool]]] = defaultdict(list)
        for overlay in sharers:
            for name, is_directory in overlay.children(directory):
                claims[name].append((overlay, is_directory))
        for name, claimants in claims.items():
            path = f"{directory}/{name}" if directory else name
            if path in reserved or name == _BYTECODE:
                continue  # Compiled files follow their sources.
            if name == _INIT:
                claimants = _without_legacy(directory, claimants)
            winner, is_directory = claimants[0]
            agreeing = [overlay for overlay, kind in claimants if kind is is_directory]
            whole = is_directory and not directory and is_metadata(name)
            if len(claimants) > 1 and _differ(path, claimants, agreeing, whole or not is_directory):
                clashes.append(Clash(path, tuple(overlay.wheel for overlay, _ in claimants)))
            if is_directory and not whole and (len(agreeing) > 1 or path in real):
                pending.append((path, agreeing))
                continue
            if whole and path in real:
                pending.append((path, [winner]))
                continue
            links[path] = f"{winner.root}/{path}"
            if not is_directory:
                _link_bytecode(links, directory, name, winner)
    return Merged(links, clashes)


def _without_legacy(directory: str, claimants: list[tuple[Overlay, bool]]) -> list[tuple[Overlay, bool]]:
    """An `__init__.py` that only joins namespaces yields to a real one, and any of several will do."""
    real = [claimant for claimant in claimants if directory not in claimant[0].wheel.legacy_namespaces]
    return real or claimants[:1]


def _differ(
    path: str, claimants: Sequence[tuple[Overlay, bool]], agreeing: Sequence[Overlay], is_exclusive: bool
) -> bool:
    if len(agreeing) < len(claimants):
        return True
    if not is_exclusive:
        return False
    identities = [overlay.identities.get(path) for overlay in agreeing]
    return None in identities or any(identity != identities[0] for identity in identities)


def _link_bytecode(links: dict[str, str], directory: str, name: str, owner: Overlay) -> None:
    """Python looks for compiled files beside the link it imports, not beside the linked file."""
    tag = owner.bytecode_tag
    if tag is None or not name.endswith(".py"):
        return
    compiled = "/".join(filter(None, (directory, _BYTECODE, f"{name[:-3]}.{tag}.pyc")))
    links[compiled] = f"{owner.root}/{compiled}"
