"""Links of virtual environments as a runfiles tree has them: straight to where things are.

As an output, a link of a venv has a text that holds wherever venv and wheels move together, and reaches a wheel through
the link that stands for it. A runfiles tree is of this machine, and each import walks such a path several times, so
there the links lead into the store at once. The interpreter takes its own prefix from the last of the links that lead
to it: when that one leads into the store, every module of the standard library is found by a path half as long.

The venv of one program is a part of that program's tree. Its `bin/python` keeps its text, and the tree has a directory
of links to the parts of the interpreter, so that in a copy of the tree that follows what is absolute the interpreter
has its library beside it, too. A venv of several programs, and the repositories that it leads to, are the same in all
of their trees: they are directories of links that are made once, and one link in each tree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from venvship.dataclass import dataclass
from venvship.execution.graph import Generating
from venvship.model.action import ForestLink, MakeForest
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.label import MAIN_RUNFILES_DIRECTORY, Label
from venvship.model.paths import TreePath, join, normalise, parent


@dataclass(frozen=True, slots=True)
class LinkDirectory:
    """A directory of links by path, of which none is relative to a place outside of it."""

    links: tuple[tuple[TreePath, str], ...]

    @property
    def name(self) -> str:
        """The same for the same links."""
        rows = "".join(f"{path}\0{text}\0" for path, text in self.links)
        return hashlib.sha256(rows.encode("utf-8", "surrogateescape")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class TreeLinks:
    """What a runfiles tree is made of, sorted by path; None is the text of an empty file."""

    own: tuple[tuple[TreePath, str | None], ...]
    shared: tuple[tuple[TreePath, LinkDirectory], ...]


def tree_links(
    entries: Mapping[TreePath, Artifact | None],
    links: Mapping[TreePath, str | None],
    *,
    program: Label,
    generating: Generating,
    names_in: Callable[[str], Iterable[str]],
) -> TreeLinks:
    """Straighten the links of the venvs among `entries`, and set apart what programs have in common.

    `links` has the text for each entry; `program` is the target whose tree it is; `names_in` tells what a directory of
    this machine holds.
    """
    straight = dict(links)
    shared: set[str] = set()
    for root, forest in _forests(entries, generating).items():
        places = dict(_places(forest, root, links))
        straight |= {path: text for path, (_, text) in places.items()}
        if forest.program == program:
            python = TreePath(f"{root}/bin/python")
            interpreter, executable = places.get(python, (None, ""))
            if interpreter is not None and _is_prefix(entries.get(interpreter), straight.get(interpreter), executable):
                straight[python] = links[python]
                straight |= _parts(interpreter, straight.pop(interpreter) or "", names_in)
        elif _is_whole(forest, root, straight):
            shared.add(root)
            shared.update(_repository(target) for target, _ in places.values())
    shared.discard(MAIN_RUNFILES_DIRECTORY)
    directories = {root: _directory(root, straight) for root in shared}
    whole = {TreePath(root): directory for root, directory in directories.items() if directory is not None}
    # The repository of a hub holds venvs itself: what lies in a shared directory is there already.
    inside = tuple(f"{root}/" for root in whole)
    kept = {root: directory for root, directory in whole.items() if not root.startswith(inside)}
    prefixes = tuple(f"{root}/" for root in kept)
    own = (item for item in straight.items() if not item[0].startswith(prefixes))
    return TreeLinks(
        tuple(sorted(own, key=lambda item: item[0])),
        tuple(sorted(kept.items(), key=lambda item: item[0])),
    )


def _forests(entries: Mapping[TreePath, Artifact | None], generating: Generating) -> dict[TreePath, MakeForest]:
    found: dict[int, MakeForest] = {}
    for artifact in entries.values():
        if artifact is not None and not artifact.is_source:
            action = generating(artifact)
            if isinstance(action, MakeForest):
                found[id(action)] = action
    return {_runfiles_path(forest): forest for forest in found.values()}


def _runfiles_path(forest: MakeForest) -> TreePath:
    root = forest.entries[0].artifact.root
    return TreePath(join(root.runfiles_directory, forest.directory[len(root.exec_path) :].lstrip("/")))


def _places(
    forest: MakeForest, root: TreePath, links: Mapping[TreePath, str | None]
) -> Iterator[tuple[TreePath, tuple[TreePath, str]]]:
    """For each link that leads out of the forest to an entry of the tree: that entry, and the place on this machine."""
    for entry in forest.entries:
        path = entry.artifact.runfiles_path
        if not isinstance(entry, ForestLink) or links.get(path) != entry.text or entry.text.startswith("/"):
            continue
        try:
            target = normalise(join(parent(path), entry.text))
        except ValueError:
            continue
        above = target
        while above and above not in links:
            above = parent(above)
        text = links.get(TreePath(above))
        if text is not None and text.startswith("/") and not target.startswith(f"{root}/"):
            yield path, (TreePath(above), text + target[len(above) :])


def _is_prefix(artifact: Artifact | None, place: str | None, executable: str) -> bool:
    """Whether a directory of the tree is the prefix of an interpreter."""
    return artifact is not None and artifact.kind is ArtifactKind.DIRECTORY and executable.startswith(f"{place}/bin/")


def _parts(path: TreePath, place: str, names_in: Callable[[str], Iterable[str]]) -> dict[TreePath, str]:
    """Links to what a prefix holds, and to each of its programs."""
    tops = {TreePath(f"{path}/{name}"): f"{place}/{name}" for name in names_in(place) if name != "bin"}
    return tops | {TreePath(f"{path}/bin/{name}"): f"{place}/bin/{name}" for name in names_in(f"{place}/bin")}


def _is_whole(forest: MakeForest, root: TreePath, straight: Mapping[TreePath, str | None]) -> bool:
    """Whether the tree holds all of a forest and nothing else where it lies."""
    if root in straight or any(entry.artifact.runfiles_path not in straight for entry in forest.entries):
        return False
    return sum(path.startswith(f"{root}/") for path in straight) == len(forest.entries)


def _directory(root: str, straight: Mapping[TreePath, str | None]) -> LinkDirectory | None:
    """What lies at `root`, when all of it can lie elsewhere as well."""
    links: list[tuple[TreePath, str]] = []
    for path, text in straight.items():
        if path == root:
            return None
        if path.startswith(f"{root}/"):
            if text is None or not (text.startswith("/") or _stays(text, path, root)):
                return None
            links.append((TreePath(path[len(root) + 1 :]), text))
    return LinkDirectory(tuple(sorted(links)))


def _stays(text: str, path: str, root: str) -> bool:
    try:
        return normalise(join(parent(path), text)).startswith(f"{root}/")
    except ValueError:
        return False


def _repository(path: str) -> str:
    return path.partition("/")[0]
